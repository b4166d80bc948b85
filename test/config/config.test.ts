import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Config, ConfigError, environment, isLoopback, readConfig } from '../../src/config.ts';
import { bootstrapVariables } from '../../src/guard/bootstrap/settings.ts';
import { guardVariables } from '../../src/guard/config.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The mistakes of an environment, by variable; empty when it is good. */
function mistakesOf(env: Env): Record<string, string> {
  try {
    readConfig(env);
    return {};
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(error.mistakes.map(({ variable, detail }) => [variable, detail]));
  }
}

const fleet = {
  LITEFS_DIR: '/litefs',
  FLEET_SECRET: 'f'.repeat(32),
  PEER_URL: 'http://{node}.example.internal:8081',
};
const publicHost = { HOST: '0.0.0.0', BASE_URL: 'https://go.example.com' };

describe('the configuration', () => {
  test('needs no variable', () => {
    expect(readConfig({})).toEqual({
      node: { id: hostname(), region: 'local' },
      log: { level: 'info' },
      http: {
        host: '127.0.0.1',
        port: 8080,
        privateHost: '127.0.0.1',
        privatePort: 8081,
        baseUrl: 'http://localhost:8080',
        trustProxy: 'none',
        corsOrigins: [],
        access: 'open',
        adminKeys: [],
        writesPerMinute: 60_000,
        failedSignInsPerMinute: 10,
        maxConnections: 10_000,
      },
      storage: {
        dataDir: resolve('data'),
        linksFile: resolve('data/links.db'),
        clicksFile: resolve('data/clicks.db'),
        journalMode: 'wal',
      },
      links: { slugCase: 'insensitive', minSlugLength: 6, allowPrivateDestinations: false },
      redirect: { cacheMaxBytes: 67_108_864 },
      writes: { holdMs: 500 },
      healthNoticeMs: 1_500,
      clicks: {
        spoolDir: resolve('data/clicks'),
        sync: 250,
        retentionMs: 86_400_000,
        spoolMaxBytes: 1_073_741_824,
        hoursKeptMs: 90 * 86_400_000,
      },
      fleet: undefined,
      backup: undefined,
      backupKeys: [],
    } satisfies Config);
  });

  test('takes an empty variable as unset', () => {
    const empty = Object.fromEntries(Object.keys(environment.shape).map((name) => [name, '']));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  test('ignores what is not ours', () => {
    expect(readConfig({ HOME: '/root', PATH: '/bin' })).toEqual(readConfig({}));
  });

  test('names all mistakes at once, those between variables too', () => {
    const mistakes = mistakesOf({
      HOST: '0.0.0.0',
      PORT: 'http',
      PRIVATE_PORT: '70000',
      ACCESS: 'public',
      ADMIN_KEY: 'short',
      LOG_LEVEL: 'loud',
      SLUG_CASE: 'upper',
      SLUG_MIN_LENGTH: '3',
      ALLOW_PRIVATE_DESTINATIONS: 'yes',
      CACHE_MAX_BYTES: '64MB',
      CLICK_SYNC: 'always',
      CLICK_RETENTION: '24',
      CLICK_SPOOL_MAX_BYTES: '1',
      ROLLUP_HOURS_KEPT: '1d',
      CORS_ORIGINS: 'https://a.example,b.example/path',
      TRUST_PROXY: 'cloudflare',
      WRITE_HOLD: '0.5s',
      HEALTH_NOTICE: '10000',
      WRITES_PER_MINUTE: '0',
      FAILED_SIGN_INS_PER_MINUTE: '-1',
      MAX_CONNECTIONS: '0',
      NODE_ID: 'a b',
      REGION: 'AMS',
      LITEFS_DIR: '/litefs',
      LITEFS_URL: 'localhost:20202',
      REPLAY: 'never',
      REPLAY_MAX_BYTES: '1000001',
      GUARD_URL: '127.0.0.1:8501',
      DURABILITY: 'maybe',
      BACKUP_URL: 'ftp://backups',
      BACKUP_ENCRYPT: 'yes',
      BACKUP_INTERVAL: '9s',
      BACKUP_CLICKS_INTERVAL: '1',
    });
    expect(mistakes).toEqual({
      PORT: 'must be a whole number from 0 to 65535',
      PRIVATE_PORT: 'must be a whole number from 0 to 65535',
      ACCESS: 'must be one of open, keys',
      ADMIN_KEY: 'must have at least 24 characters',
      LOG_LEVEL: 'must be one of silent, fatal, error, warn, info, debug, trace',
      SLUG_CASE: 'must be one of insensitive, sensitive',
      SLUG_MIN_LENGTH: 'must be a whole number from 4 to 32',
      ALLOW_PRIVATE_DESTINATIONS: 'must be one of true, false, 1, 0',
      CACHE_MAX_BYTES: 'must be a whole number, at least 0',
      CLICK_SYNC: 'must be tick, off, or a whole number of milliseconds from 1 to 60000',
      CLICK_RETENTION: 'must be a whole number with a unit (s, m, h or d), at least 1m',
      CLICK_SPOOL_MAX_BYTES: 'must be a whole number, at least 1048576',
      ROLLUP_HOURS_KEPT: 'must be a whole number with a unit (s, m, h or d), at least 2d',
      CORS_ORIGINS:
        'must be an http or https origin without a path, such as https://go.example.com',
      TRUST_PROXY: 'must be none, fly, or a whole number from 1 to 10',
      WRITE_HOLD: 'must be a whole number from 0 to 30000',
      HEALTH_NOTICE: 'must be a whole number from 0 to 5000',
      WRITES_PER_MINUTE: 'must be a whole number, at least 1',
      FAILED_SIGN_INS_PER_MINUTE: 'must be a whole number, at least 1',
      MAX_CONNECTIONS: 'must be a whole number, at least 1',
      NODE_ID: 'must be 1 to 64 letters, digits, ".", "_", "-"',
      REGION: 'must be 1 to 16 lower-case letters, digits, "-"',
      LITEFS_URL: 'must be an http or https origin without a path, such as https://go.example.com',
      REPLAY: 'must be one of fly, forward',
      REPLAY_MAX_BYTES: 'must be a whole number from 0 to 1000000',
      GUARD_URL: 'must be an http or https origin without a path, such as https://go.example.com',
      DURABILITY: 'must be one of auto, strict',
      BACKUP_URL: 'must be s3://bucket/prefix or file:///folder',
      BACKUP_KEY: expect.stringMatching(/^is required with BACKUP_URL: openssl rand -hex 32/),
      BACKUP_ENCRYPT: 'must be one of true, false, 1, 0',
      BACKUP_INTERVAL: 'must be a whole number with a unit (s, m, h or d), at least 10s',
      BACKUP_CLICKS_INTERVAL: 'must be a whole number with a unit (s, m, h or d), at least 10s',
      BASE_URL: expect.stringContaining('is required when HOST is not loopback (HOST is 0.0.0.0)'),
      FLEET_SECRET: 'is required with LITEFS_DIR',
      PEER_URL: expect.stringContaining('is required with LITEFS_DIR off Fly'),
    });
  });

  test('says them in lines that begin with the variable', () => {
    expect(() => readConfig({ PORT: 'x', REPLAY: 'x' })).toThrow(
      /^PORT: must be .*\nREPLAY: must be .*$/,
    );
  });

  test.each([' ', ' 80', '80 ', '0x50', '8e3', '80.0', '+80', '１', '65536', '99999999999999999'])(
    'refuses the port %j',
    (text) => {
      expect(Object.keys(mistakesOf({ PORT: text }))).toEqual(['PORT']);
    },
  );

  test('a list of secrets is read in its order, and each of them must be long enough', () => {
    const [first, next] = ['f'.repeat(32), 'n'.repeat(32)];
    const lists = { ADMIN_KEY: `${next}, ${first}`, FLEET_SECRET: `${first},${next}` };
    const config = readConfig({ ...fleet, ...lists });
    expect(config.http.adminKeys).toEqual([next, first]);
    expect(config.fleet?.secrets).toEqual([first, next]);
    for (const list of [`${first},short`, `${first},`, `,${first}`]) {
      expect(mistakesOf({ ...fleet, ADMIN_KEY: list, FLEET_SECRET: list })).toEqual({
        ADMIN_KEY: 'must have at least 24 characters, each of the list',
        FLEET_SECRET: 'must have at least 32 characters, each of the list',
      });
    }
  });

  test('never repeats a secret in what it says', () => {
    const secrets = {
      ADMIN_KEY: 'hunter2-admin',
      FLEET_SECRET: 'hunter2-fleet',
      BACKUP_KEY: 'hunter2-backup',
    };
    const url = 'https://root:hunter2-url@go.example.com/';
    for (const env of [
      secrets,
      { ...fleet, ...secrets, HOST: '0.0.0.0', PORT: 'x' },
      { BASE_URL: url, LITEFS_URL: url, CORS_ORIGINS: url },
      {
        BACKUP_URL: 's3://hunter2:hunter2@backups',
        BACKUP_KEY: `hunter2${'k'.repeat(32)},hunter2${'k'.repeat(32)}`,
        AWS_SECRET_ACCESS_KEY: 'hunter2-aws',
      },
      {
        BACKUP_URL: 's3://backups',
        AWS_ACCESS_KEY_ID: 'hunter2-id',
        AWS_SESSION_TOKEN: 'hunter2-token',
        AWS_ENDPOINT_URL_S3: url,
      },
    ]) {
      expect(Object.keys(mistakesOf(env)).length).toBeGreaterThan(0);
      expect(JSON.stringify(mistakesOf(env))).not.toContain('hunter2');
      expect(() => readConfig(env)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
      );
    }
  });

  test('is frozen in every part', () => {
    const config = readConfig(fleet);
    const parts: object[] = [config];
    for (const part of parts) {
      expect(Object.isFrozen(part)).toBe(true);
      parts.push(...Object.values(part).filter((value) => typeof value === 'object'));
    }
    expect(parts.length).toBeGreaterThan(8);
  });
});

describe('the addresses', () => {
  test.each(['127.0.0.1', '127.0.0.53', '::1', 'localhost'])('%s is loopback', (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(mistakesOf({ HOST: host })).toEqual({});
  });

  test.each([
    '0.0.0.0',
    '::',
    '192.168.1.2',
    'fly-local-6pn',
    '127.0.0.1.example.com',
    '1270.0.0.1',
  ])('%s is not, and needs BASE_URL in a sentence that says so', (host) => {
    expect(isLoopback(host)).toBe(false);
    expect(mistakesOf({ HOST: host })).toEqual({
      BASE_URL: `is required when HOST is not loopback (HOST is ${host}): set it to the origin people see, such as https://go.example.com`,
    });
    expect(mistakesOf({ HOST: host, BASE_URL: 'https://go.example.com' })).toEqual({});
  });

  test.each([
    ['https://go.example.com', 'https://go.example.com'],
    ['https://go.example.com/', 'https://go.example.com'],
    ['HTTPS://Go.Example.com:443', 'https://go.example.com'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('BASE_URL %s is the origin %s', (given, baseUrl) => {
    expect(readConfig({ BASE_URL: given }).http.baseUrl).toBe(baseUrl);
  });

  test.each([
    'go.example.com',
    'https://go.example.com/links',
    'https://go.example.com/?a',
    'https://go.example.com/#a',
    'https://user@go.example.com',
    'ftp://go.example.com',
    'javascript:alert(1)',
  ])('BASE_URL cannot be %s', (given) => {
    expect(Object.keys(mistakesOf({ BASE_URL: given }))).toEqual(['BASE_URL']);
  });

  test('BASE_URL follows the port by default', () => {
    expect(readConfig({ PORT: '3000' }).http.baseUrl).toBe('http://localhost:3000');
  });

  test('the two ports cannot be one, unless the system picks them or the hosts differ', () => {
    expect(mistakesOf({ PORT: '8081' })).toEqual({ PRIVATE_PORT: 'is 8081, and so is PORT' });
    expect(mistakesOf({ PRIVATE_PORT: '8080' })).toEqual({
      PRIVATE_PORT: 'is 8080, and so is PORT',
    });
    expect(mistakesOf({ PORT: '0', PRIVATE_PORT: '0' })).toEqual({});
    expect(mistakesOf({ PORT: '8081', PRIVATE_HOST: '127.0.0.2' })).toEqual({});
  });

  test.each([
    ['none', 'none'],
    ['fly', 'fly'],
    ['1', 1],
    ['10', 10],
  ])('TRUST_PROXY %j is %j', (given, trustProxy) => {
    expect(readConfig({ TRUST_PROXY: given }).http.trustProxy).toBe(trustProxy);
  });

  test('CORS_ORIGINS is a list', () => {
    const config = readConfig({ CORS_ORIGINS: 'https://a.example, https://b.example:8443/' });
    expect(config.http.corsOrigins).toEqual(['https://a.example', 'https://b.example:8443']);
  });
});

describe('access', () => {
  test.each<[string, Env, 'open' | 'keys']>([
    ['open on loopback', {}, 'open'],
    ['by key on loopback where that is said', { ACCESS: 'keys' }, 'keys'],
    ['by key on a public host', publicHost, 'keys'],
    ['open on a public host only where that is said', { ...publicHost, ACCESS: 'open' }, 'open'],
    ['by key in a fleet, also on loopback', fleet, 'keys'],
    ['open in a fleet only where that is said', { ...fleet, ACCESS: 'open' }, 'open'],
    ['by key in a public fleet', { ...fleet, ...publicHost }, 'keys'],
  ])('is %s', (_, env, access) => {
    expect(readConfig(env).http.access).toBe(access);
  });

  test.each<[string, Env, number]>([
    ['a person where a public host is open to everybody', { ...publicHost, ACCESS: 'open' }, 60],
    ['a program where keys are asked for', publicHost, 60_000],
    ['a program on this machine', {}, 60_000],
    ['what is said', { ...publicHost, ACCESS: 'open', WRITES_PER_MINUTE: '7' }, 7],
  ])('is limited to the writes of %s', (_, env, writes) => {
    expect(readConfig(env).http.writesPerMinute).toBe(writes);
  });
});

describe('a fleet', () => {
  test('keeps its database on LiteFS, in a journal mode that LiteFS bears', () => {
    const config = readConfig({ ...fleet, DATA_DIR: '/data' });
    expect(config.storage).toEqual({
      dataDir: '/data',
      linksFile: '/litefs/links.db',
      clicksFile: '/litefs/clicks.db',
      journalMode: 'delete',
    });
    expect(config.fleet).toEqual({
      litefsDir: '/litefs',
      litefsUrl: 'http://127.0.0.1:20202',
      peerUrl: fleet.PEER_URL,
      secrets: [fleet.FLEET_SECRET],
      replay: 'forward',
      replayMaxBytes: 1_000_000,
      guardUrl: undefined,
      durability: 'auto',
    });
  });

  test('can insist on a second copy only with a guard, and never alone', () => {
    const strict = { DURABILITY: 'strict' };
    expect(mistakesOf(strict)).toEqual({
      DURABILITY: 'strict needs a fleet (LITEFS_DIR): alone, no other machine could have a write',
    });
    expect(mistakesOf({ ...fleet, ...strict })).toEqual({
      DURABILITY: 'strict needs GUARD_URL: the guard tells which machine has to have a write',
    });
    const config = readConfig({ ...fleet, ...strict, GUARD_URL: 'http://127.0.0.1:8501' });
    expect(config.fleet).toMatchObject({
      guardUrl: 'http://127.0.0.1:8501',
      durability: 'strict',
    });
  });

  test('on Fly takes its names and its way of replay from Fly', () => {
    const onFly = {
      LITEFS_DIR: '/litefs',
      FLEET_SECRET: fleet.FLEET_SECRET,
      FLY_APP_NAME: 'hoplite',
      FLY_MACHINE_ID: '148ed599c14189',
      FLY_REGION: 'ams',
      PRIVATE_PORT: '9000',
    };
    const config = readConfig(onFly);
    expect(config.node).toEqual({ id: '148ed599c14189', region: 'ams' });
    expect(config.fleet).toMatchObject({
      peerUrl: 'http://{node}.vm.hoplite.internal:9000',
      replay: 'fly',
    });
    const said = readConfig({
      ...onFly,
      NODE_ID: 'node-1',
      REGION: 'iad',
      PEER_URL: fleet.PEER_URL,
      REPLAY: 'forward',
    });
    expect(said.node).toEqual({ id: 'node-1', region: 'iad' });
    expect(said.fleet).toMatchObject({ peerUrl: fleet.PEER_URL, replay: 'forward' });
  });

  test('asks for nothing where there is no LiteFS', () => {
    expect(readConfig({ FLEET_SECRET: fleet.FLEET_SECRET }).fleet).toBeUndefined();
  });
});

test('the README documents every variable and no other', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const documented = [...readme.matchAll(/^\| *`([A-Z][A-Z0-9_]*)` *\|/gm)].map(([, name]) => name);
  const known = new Set([
    ...Object.keys(environment.shape),
    ...Object.keys(guardVariables),
    ...bootstrapVariables,
  ]);
  expect(documented.toSorted()).toEqual([...known].toSorted());
});
