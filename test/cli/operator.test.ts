import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../support/free-port.ts';
import { listen } from '../support/listen.ts';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf, runHoplite } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { TestFolder } from '../support/test-database.ts';

let running: RunningApp;
let env: Record<string, string>;
beforeAll(async () => {
  running = await runApp();
  env = environmentOf(running);
});
afterAll(() => running[Symbol.asyncDispose]());

const list = (given: Record<string, string>) => runHere(['key', 'list'], { ...env, ...given });

/** A run that fails with one sentence. */
function refused(stderr: unknown) {
  return { exitCode: 1, stdout: '', stderr };
}

describe('where no node is', () => {
  test('says so, and how to start one', async () => {
    const port = String(await findFreePort());
    const words = `no node answers at http://127.0.0.1:${port}; start it with "npm start"\n`;
    expect(await runHoplite(['link', 'list'], { ...env, PRIVATE_PORT: port })).toEqual(
      refused(words),
    );
    expect(await list({ PRIVATE_PORT: port, PRIVATE_HOST: '0.0.0.0' })).toEqual(refused(words));
    expect(await list({ PRIVATE_PORT: port, PRIVATE_HOST: '::' })).toEqual(refused(words));
  });

  test('says so before anything has run, and makes nothing', async () => {
    using folder = new TestFolder();
    const port = String(await findFreePort());
    const { stderr } = await list({ PRIVATE_PORT: port, DATA_DIR: folder.file('data') });
    expect(stderr).toMatch(/^no node answers at /);
    await expect(mkdir(folder.file('data'))).resolves.toBeUndefined();
  });

  test('says so for a host name that nobody has', async () => {
    expect(await list({ PRIVATE_HOST: 'nobody.invalid' })).toEqual(
      refused(
        `no node answers at http://nobody.invalid:${env.PRIVATE_PORT}: the host name is not known\n`,
      ),
    );
  });

  test('says so when another program is there', async () => {
    await using other = await listen((_, response) => response.end('<h1>hello</h1>'));
    expect(await list({ PRIVATE_PORT: String(other.port) })).toEqual(
      refused(`what answers at http://127.0.0.1:${other.port} is not the private port of a node\n`),
    );
  });

  test('says so when the connection breaks', async () => {
    await using other = await listen((request) => request.socket.destroy());
    expect(await list({ PRIVATE_PORT: String(other.port) })).toEqual(
      refused(`no node answers at http://127.0.0.1:${other.port}: the connection was broken off\n`),
    );
  });
});

describe('with another secret', () => {
  test('alone, names the folder that is not the one of the node', async () => {
    using folder = new TestFolder();
    const words = `the node at http://127.0.0.1:${env.PRIVATE_PORT} does not run with ${folder.path}; set DATA_DIR to its folder, or PRIVATE_PORT to the port of the node you mean\n`;
    expect(await list({ DATA_DIR: folder.path })).toEqual(refused(words));
    await writeFile(folder.file('secret'), 'the secret of another node, long enough\n');
    expect(await list({ DATA_DIR: folder.path })).toEqual(refused(words));
  });

  test('in a fleet, names the variable', async () => {
    const { exitCode, stderr } = await list({
      LITEFS_DIR: '/litefs',
      FLEET_SECRET: 'a secret that no node has and long enough',
      PEER_URL: 'http://{node}.test:8081',
    });
    expect(stderr).toContain('has another FLEET_SECRET');
    expect(stderr).not.toContain('a secret that no node has');
    expect(exitCode).toBe(1);
  });

  test('says which user may read it', async () => {
    using folder = new TestFolder();
    await mkdir(join(folder.path, 'secret'));
    const { exitCode, stderr } = await list({ DATA_DIR: folder.path });
    expect(stderr).toBe(
      `the secret in ${folder.path} cannot be read (EISDIR); run this as the user that the node runs as\n`,
    );
    expect(exitCode).toBe(1);
  });
});

test('a clock that is an hour off does not matter', async () => {
  const shifted = 'data:text/javascript,const now = Date.now; Date.now = () => now() %2B 3600000';
  const { exitCode, stdout } = await runHoplite(['key', 'list', '--json'], {
    ...env,
    NODE_OPTIONS: `--import="${shifted}"`,
  });
  expect(JSON.parse(stdout)).toEqual({ keys: [] });
  expect(exitCode).toBe(0);
});

test('an answer that fails is shown as the problem that it is', async () => {
  await using other = await listen((_, response) => {
    response.statusCode = 503;
    response.end(JSON.stringify({ title: 'Unavailable', detail: 'No primary is known.' }));
  });
  const port = String(other.port);
  expect(await list({ PRIVATE_PORT: port })).toEqual(
    refused('Unavailable: No primary is known.\n'),
  );
  await using silent = await listen((_, response) => {
    response.statusCode = 500;
    response.end('null');
  });
  expect(await list({ PRIVATE_PORT: String(silent.port) })).toEqual(
    refused('the node answered 500, and did not say why\n'),
  );
});
