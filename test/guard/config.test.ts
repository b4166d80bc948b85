import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readBootstrapSettings } from '../../src/guard/bootstrap/settings.ts';
import {
  formatAddress,
  GuardConfigError,
  guardVariables,
  readGuardConfig,
} from '../../src/guard/config.ts';

const least = {
  NODE_ID: 'ams1',
  CONSUL_URL: 'http://127.0.1.200:8500',
  CONSUL_KEY: 'hoplite/shop/1',
  LITEFS_ADVERTISE_URL: 'http://ams1.internal:20202',
  LITEFS_DATA_DIR: '/data/litefs',
};

/** The mistakes of an environment, by variable; empty when it is good. */
function mistakesOf(env: Readonly<Record<string, string>>): Record<string, string> {
  try {
    readGuardConfig(env);
    return {};
  } catch (error) {
    if (!(error instanceof GuardConfigError)) throw error;
    return Object.fromEntries(error.message.split('\n').map((line) => line.split(': ', 2)));
  }
}

describe("the guard's configuration", () => {
  test('has defaults for what need not be said', () => {
    expect(readGuardConfig(least)).toEqual({
      node: 'ams1',
      consul: { origin: 'http://127.0.1.200:8500', prefix: '', token: undefined },
      key: 'hoplite/shop/1',
      listen: { host: '127.0.0.1', port: 8501 },
      relay: { host: '127.0.0.1', port: 8502 },
      graceMs: 60_000,
      candidate: false,
      litefsUrl: 'http://127.0.0.1:20202',
      advertiseUrl: 'http://ams1.internal:20202',
      litefsDataDir: '/data/litefs',
      bootstrap: readBootstrapSettings(least),
    });
  });

  test('reads all of it', () => {
    const config = readGuardConfig({
      ...least,
      CONSUL_URL: 'https://:5ecret-%2F@consul.example:444/shop-1/deep/',
      GUARD_ADDR: '[::1]:9501',
      GUARD_RELAY_ADDR: 'localhost:9502',
      GUARD_GRACE: '2m',
      LITEFS_CANDIDATE: 'true',
      LITEFS_URL: 'http://127.0.1.1:20202/',
    });
    expect(config).toMatchObject({
      consul: { origin: 'https://consul.example:444', prefix: 'shop-1/deep', token: '5ecret-/' },
      listen: { host: '::1', port: 9501 },
      relay: { host: 'localhost', port: 9502 },
      graceMs: 120_000,
      candidate: true,
      litefsUrl: 'http://127.0.1.1:20202',
    });
    expect(formatAddress(config.listen)).toBe('[::1]:9501');
  });

  test('takes an empty variable as unset', () => {
    const empty = Object.fromEntries(Object.keys(guardVariables).map((name) => [name, '']));
    expect(Object.keys(mistakesOf(empty))).toEqual(Object.keys(least));
  });

  test('names all mistakes at once', () => {
    const mistakes = mistakesOf({
      NODE_ID: 'a node',
      CONSUL_URL: 'consul.example:8500',
      CONSUL_KEY: '/hoplite/',
      GUARD_ADDR: '127.0.0.1',
      GUARD_RELAY_ADDR: '127.0.0.1:70000',
      GUARD_GRACE: '60',
      LITEFS_CANDIDATE: 'yes',
      LITEFS_URL: 'https://127.0.0.1:20202',
      LITEFS_ADVERTISE_URL: 'http://ams1.internal:20202/path',
      LITEFS_DATA_DIR: '',
    });
    expect(Object.keys(mistakes).sort()).toEqual(Object.keys(guardVariables).sort());
    expect(mistakes.LITEFS_DATA_DIR).toBe('is required');
    expect(mistakes.GUARD_GRACE).toBe('must be a whole number with its unit, such as 60s');
  });

  test('has the settings of the bootstrap, whose mistakes are told as well', () => {
    expect(mistakesOf({ ...least, REBUILD: 'always' })).toEqual({
      REBUILD: 'must be auto, or unset',
    });
    expect(readGuardConfig({ ...least, REBUILD: 'auto' }).bootstrap.rebuild).toBe('auto');
  });

  test('is in the README, each variable with its default', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    for (const [name, fallback] of Object.entries(guardVariables)) {
      const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
      expect(row, name).toBeDefined();
      if (fallback !== undefined) expect(row, name).toContain(`\`${fallback}\``);
    }
  });
});
