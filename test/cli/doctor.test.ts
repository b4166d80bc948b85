import { writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeLiteFs } from '../support/fake-litefs.ts';
import { FakeMount } from '../support/fake-mount.ts';
import { findFreePort } from '../support/free-port.ts';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf, runHoplite } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { TestFolder } from '../support/test-database.ts';

/** The lines of a level, each without it. */
function linesOf(level: string, stdout: string): string[] {
  const lines = stdout.split('\n').filter((line) => line.startsWith(`${level} `));
  return lines.map((line) => line.slice(level.length).trim());
}

describe('with an app that runs alone', () => {
  let running: RunningApp;
  let env: Record<string, string>;
  beforeAll(async () => {
    running = await runApp({ ACCESS: 'keys' });
    env = { ...environmentOf(running), ACCESS: 'keys', ADMIN_KEY: 'k'.repeat(24) };
  });
  afterAll(() => running[Symbol.asyncDispose]());

  test('all is fine, a line each', async () => {
    const { exitCode, stdout, stderr } = await runHoplite(['doctor'], env);
    for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(/^ok {2}\S.* {2}\S/);
    for (const check of [
      'configuration',
      'data folder',
      'disk',
      'role',
      'app',
      'schema',
      'click schema',
    ]) {
      expect(stdout).toMatch(new RegExp(`^ok  ${check}  `, 'm'));
    }
    expect(stderr).toMatch(/^0 failed, 0 to look at, \d+ fine\n$/);
    expect(exitCode).toBe(0);
  });

  test('a program gets the same as JSON', async () => {
    const { exitCode, stdout, stderr } = await runHoplite(['doctor', '--json'], env);
    const { ok, findings } = JSON.parse(stdout);
    expect(ok).toBe(true);
    expect(findings).toContainEqual({
      check: 'app',
      level: 'ok',
      detail: `the app answers at ${running.app.url}`,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('a missing way to sign in is only a warning, and a key is one', async () => {
    const { ADMIN_KEY: _, ...keyless } = env;
    const before = await runHere(['doctor'], keyless);
    expect(linesOf('warn', before.stdout)).toEqual([
      expect.stringMatching(/^keys .*hoplite key create/),
    ]);
    expect(before.exitCode).toBe(0);
    await runHere(['key', 'create', 'first'], keyless);
    expect((await runHere(['doctor'], keyless)).stdout).toMatch(/^ok +keys +1 key;/m);
    await runHere(['key', 'revoke', '1'], keyless);
    expect(linesOf('warn', (await runHere(['doctor'], keyless)).stdout)).toHaveLength(1);
  });

  test('another node than the environment names is told', async () => {
    const { stdout } = await runHere(['doctor'], { ...env, NODE_ID: 'web-2' });
    expect(linesOf('warn', stdout)).toEqual([expect.stringContaining('NODE_ID is web-2')]);
  });

  test('a schema that was changed by hand is told by what differs', async () => {
    const database = new Database(`${running.dataDir}/links.db`);
    database.exec('CREATE TABLE by_hand (id INTEGER)');
    const { exitCode, stdout } = await runHere(['doctor'], env);
    database.exec('DROP TABLE by_hand');
    database.close();
    expect(linesOf('fail', stdout)).toEqual([
      expect.stringContaining('table by_hand is not declared'),
    ]);
    expect(exitCode).toBe(1);
  });
});

test('an app that is open on this machine alone is fine', async () => {
  await using running = await runApp();
  const { exitCode, stdout } = await runHere(['doctor'], environmentOf(running));
  expect(stdout).toMatch(/^ok +access +open, on this machine alone$/m);
  expect([...linesOf('fail', stdout), ...linesOf('warn', stdout)]).toEqual([]);
  expect(exitCode).toBe(0);
});

describe('without an app', () => {
  test('says how to start one, and fails', async () => {
    using folder = new TestFolder();
    const port = await findFreePort();
    const env = { DATA_DIR: folder.path, PORT: `${port}`, PRIVATE_PORT: '1' };
    const { exitCode, stdout } = await runHoplite(['doctor'], env);
    expect(linesOf('fail', stdout)).toEqual([
      `app            no app answers at http://127.0.0.1:${port}: nobody listens there; start it with "npm start"`,
    ]);
    expect(linesOf('warn', stdout)).toEqual([
      expect.stringMatching(/^schema .*no database.*links\.db/),
      expect.stringMatching(/^click schema .*no database.*clicks\.db/),
    ]);
    expect(exitCode).toBe(1);
  });

  test('says all mistakes of the configuration, and nothing that depends on it', async () => {
    const env = { PORT: 'x', HOST: '0.0.0.0', LITEFS_DIR: '/litefs' };
    const { exitCode, stdout } = await runHoplite(['doctor'], env);
    const lines = linesOf('fail', stdout);
    for (const name of ['PORT', 'BASE_URL', 'FLEET_SECRET', 'PEER_URL']) {
      expect(lines).toContainEqual(expect.stringMatching(`^configuration  ${name} `));
    }
    expect(stdout.trimEnd().split('\n')).toHaveLength(4);
    expect(exitCode).toBe(1);
  });

  test('says that the data folder is a file', async () => {
    using folder = new TestFolder();
    writeFileSync(folder.file('data'), '');
    const env = { DATA_DIR: folder.file('data'), PORT: '1', PRIVATE_PORT: '2' };
    const { stdout } = await runHere(['doctor'], env);
    expect(linesOf('fail', stdout)).toContainEqual(
      expect.stringContaining('cannot be written to (ENOTDIR)'),
    );
  });

  test('says that the database is none', async () => {
    using folder = new TestFolder();
    writeFileSync(folder.file(), 'x'.repeat(8192));
    const env = { DATA_DIR: folder.path, PORT: '1', PRIVATE_PORT: '2' };
    const { stdout } = await runHere(['doctor'], env);
    expect(linesOf('fail', stdout)).toContainEqual(
      expect.stringContaining('file is not a database (SQLITE_NOTADB)'),
    );
  });
});

test('in a fleet without its mount, everything that fails is said at once', async () => {
  using folder = new TestFolder();
  using mount = new FakeMount();
  await using litefs = await FakeLiteFs.start({ isPrimary: true });
  const { exitCode, stdout } = await runHoplite(['doctor'], {
    DATA_DIR: folder.path,
    PORT: '1',
    PRIVATE_PORT: '2',
    NODE_ID: 'ams1',
    LITEFS_DIR: mount.directory,
    LITEFS_URL: litefs.url,
    LITEFS_HTTP_ADDR: '8.8.8.8:20202',
    CONSUL_URL: 'http://:s3cret@127.0.0.1:1',
    FLEET_SECRET: 'a secret of the fleet that is long enough',
    PEER_URL: 'ams1',
  });
  const failed = linesOf('fail', stdout).map((line) => line.split(/ {2,}/)[0]);
  expect(failed).toEqual(['mount', 'litefs', 'consul', 'app', 'peers', 'ports']);
  expect(stdout).toContain('LiteFS calls this node self, but NODE_ID is ams1');
  expect(stdout).not.toContain('s3cret');
  // What lies under a mount that is not there is nobody's database.
  expect(stdout).not.toMatch(/^\w+ +schema /m);
  expect(exitCode).toBe(1);
});
