import { expect, test } from 'vitest';
import { asApp } from '../../scripts/fly/as-app.ts';
import { guardNodeOptions } from '../../src/guard/node-options.ts';
import { boot } from './boot.ts';
import { readTexts } from './deployment.ts';

const { 'scripts/entrypoint.sh': entrypoint, 'litefs.yml': litefs } = readTexts();

/** The image's own variables. */
const image = { DATA_DIR: '/data/hoplite', LITEFS_DATA_DIR: '/data/litefs' };

const machine = {
  ...image,
  LITEFS_DIR: '/litefs',
  FLY_APP_NAME: 'shop-links',
  FLY_MACHINE_ID: '91857500a',
  FLY_REGION: 'ams',
  PRIMARY_REGION: 'ams',
  FLY_CONSUL_URL: 'https://:token@consul.example/prefix-1/',
};

const asNode = 'setpriv --reuid=node --regid=node --clear-groups --no-new-privs --';

test('a machine on Fly becomes the guard and knows all that litefs.yml asks for', () => {
  const { command, env } = boot(entrypoint, machine);
  expect(command).toEqual(['node', ...guardNodeOptions, 'src/guard/main.ts']);
  expect(env).toMatchObject({
    NODE_ID: '91857500a',
    LITEFS_HTTP_ADDR: ':20202',
    LITEFS_ADVERTISE_URL: 'http://91857500a.vm.shop-links.internal:20202',
    LITEFS_CANDIDATE: 'true',
    CONSUL_URL: 'https://:token@consul.example/prefix-1/',
    CONSUL_KEY: 'hoplite/shop-links/1',
    GUARD_ADDR: '127.0.0.1:8501',
    GUARD_URL: 'http://127.0.0.1:8501',
    RUN_AS: asNode,
  });
  const names = [...litefs.matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
  // The guard adds the last one.
  expect([...Object.keys(env), 'LITEFS_CONSUL_URL']).toEqual(expect.arrayContaining(names));
});

test.for([
  { name: 'another region', env: { FLY_REGION: 'syd' } },
  { name: 'no region', env: { FLY_REGION: '' } },
  { name: 'no region at all', env: { FLY_REGION: '', PRIMARY_REGION: '' } },
])('a machine of $name is no candidate', ({ env }) => {
  expect(boot(entrypoint, { ...machine, ...env }).env.LITEFS_CANDIDATE).toBe('false');
});

test('what is set already is kept', () => {
  const own = {
    NODE_ID: 'a1',
    LITEFS_HTTP_ADDR: '127.0.1.2:20202',
    LITEFS_ADVERTISE_URL: 'http://127.0.1.2:20202',
    LITEFS_CANDIDATE: 'false',
    CONSUL_URL: 'http://127.0.1.10:8500',
    CONSUL_KEY: 'elsewhere/2',
    GUARD_ADDR: '127.0.1.2:8501',
    GUARD_URL: 'http://127.0.1.2:8501',
  };
  expect(boot(entrypoint, { ...machine, ...own }).env).toMatchObject(own);
});

test('without LITEFS_DIR the app is started alone, and not as root', () => {
  const { command } = boot(entrypoint, image);
  expect(command).toEqual([...asNode.split(' '), 'node', 'src/main.ts']);
});

test('who is not root keeps the user', () => {
  const user = { TEST_UID: '1000' };
  expect(boot(entrypoint, { ...image, ...user }).command).toEqual(['node', 'src/main.ts']);
  expect(boot(entrypoint, { ...machine, ...user }).env.RUN_AS).toBeUndefined();
});

test.for([
  { missing: 'CONSUL_URL', env: { ...machine, FLY_CONSUL_URL: '' } },
  { missing: 'LITEFS_ADVERTISE_URL', env: { ...machine, FLY_APP_NAME: '' } },
])('without $missing it ends and says so', ({ missing, env }) => {
  const { command, exitCode, stderr } = boot(entrypoint, env);
  expect(command).toEqual([]);
  expect(exitCode).toBeGreaterThan(0);
  expect(stderr).toMatch(new RegExp(`${missing}: must be set`));
});

test('commands of a deployment run as the user that the app runs as', () => {
  expect(asApp('status')).toBe(`${asNode} hoplite status`);
});
