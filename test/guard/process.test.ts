import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { identifyProcess } from '../../scripts/cluster/process-identity.ts';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { findFreePort } from '../support/free-port.ts';
import { listen } from '../support/listen.ts';

/** Plays LiteFS: starts an app, waits for a signal, tells where it would find Consul. */
const litefs = `#!/bin/sh
if [ "$1" = version ]; then echo "LiteFS v$STUB_VERSION, commit="; exit; fi
sleep 600 & app=$!
trap 'kill $app; exit $STUB_EXIT' TERM
echo $app > $STUB_DIR/app.pid
printenv LITEFS_CONSUL_URL > $STUB_DIR/consul
echo "$@" > $STUB_DIR/args
echo $$ > $STUB_DIR/litefs.pid
wait
`;

/** Plays Consul, which knows nothing and grants everything. */
class FakeConsul {
  readonly calls: { method: string; url: string; token: unknown; body: string }[] = [];
  isSilent = false;

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const body = await text(request);
    this.calls.push({ method, url, token: headers['x-consul-token'], body });
    if (this.isSilent) return;
    if (method === 'GET') response.writeHead(404).end();
    else if (url === '/v1/session/create') response.end('{"ID":"s-1"}');
    else response.end('true');
  }

  find(method: string, url: string) {
    return this.calls.filter((call) => call.method === method && call.url === url);
  }
}

let dir: string;
let stack: AsyncDisposableStack;
let consul: FakeConsul;
let env: Record<string, string>;
let guard: ChildProcess;
let stderr: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'hoplite-guard-'));
  stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(dir, { recursive: true }));
  const fake = new FakeConsul();
  consul = fake;
  const server = stack.use(await listen((request, response) => fake.answer(request, response)));
  mkdirSync(join(dir, 'bin'));
  writeFileSync(join(dir, 'bin/litefs'), litefs, { mode: 0o755 });
  const log = join(dir, 'volume/dbs/links.db/ltx');
  mkdirSync(log, { recursive: true });
  writeFileSync(join(log, '0000000000000001-0000000000000001.ltx'), 'LTX1'.padEnd(200));
  writeFileSync(join(dir, 'volume/clusterid'), 'LFSC0123456789ABCDEF');
  env = {
    ...(process.env as Record<string, string>),
    PATH: `${join(dir, 'bin')}:/usr/bin:/bin`,
    STUB_DIR: dir,
    STUB_VERSION: '0.5.14',
    STUB_EXIT: '0',
    NODE_ID: 'ams1',
    CONSUL_URL: `http://:5ecret@127.0.0.1:${server.port}/pre/fix`,
    CONSUL_KEY: 'k/1',
    LITEFS_URL: `http://127.0.0.1:${await findFreePort()}`,
    LITEFS_ADVERTISE_URL: 'http://127.0.0.1:1',
    LITEFS_CANDIDATE: 'true',
    LITEFS_DATA_DIR: join(dir, 'volume'),
    DATA_DIR: join(dir, 'data'),
    GUARD_ADDR: `127.0.0.1:${await findFreePort()}`,
    GUARD_RELAY_ADDR: `127.0.0.1:${await findFreePort()}`,
    PRIVATE_PORT: String(await findFreePort()),
  };
});
afterEach(async () => {
  guard.kill('SIGKILL');
  for (const name of ['litefs.pid', 'app.pid']) {
    const pid = readPid(name);
    if (pid !== undefined && identifyProcess(pid) !== undefined) process.kill(pid, 'SIGKILL');
  }
  await stack.disposeAsync();
});

function start(): void {
  guard = spawn(process.execPath, ['src/guard/main.ts', '--', 'an', 'app'], {
    cwd: projectDir,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  stderr = '';
  guard.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
}

async function startWithLiteFs(): Promise<void> {
  start();
  await vi.waitFor(() => expect(readPid('litefs.pid'), stderr).toBeDefined(), 15_000);
}

function readPid(name: string): number | undefined {
  try {
    return Number(readFileSync(join(dir, name), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** Asks as LiteFS would. */
function ask(path: string, method = 'GET', body?: string): Promise<Response> {
  const origin = readFileSync(join(dir, 'consul'), 'utf8').trim();
  return fetch(`${origin}${path}`, { method, ...(body !== undefined && { body }) });
}

describe('the guard', { timeout: 30_000 }, () => {
  test('is a Consul without prefix and token to LiteFS, with both to the real one', async () => {
    await startWithLiteFs();
    expect(readFileSync(join(dir, 'args'), 'utf8')).toBe('mount -config litefs.yml -- an app\n');
    expect(readFileSync(join(dir, 'consul'), 'utf8')).toBe(`http://${env.GUARD_ADDR}\n`);

    const made = await ask('/v1/session/create', 'PUT', '{"Name":"litefs","TTL":"10s"}');
    expect(await made.json()).toEqual({ ID: 's-1' });
    expect((await ask('/v1/kv/k/1')).status).toBe(404);
    const session = consul
      .find('PUT', '/v1/session/create')
      .find(({ body }) => body.includes('"litefs"'));
    expect(JSON.parse(session?.body ?? '')).toEqual({
      ...{ Name: 'litefs', TTL: '10s', Node: 'pre/fix/litefs' },
    });
    expect(consul.find('PUT', '/v1/catalog/register').length).toBe(1);
    expect(consul.find('GET', '/v1/kv/pre/fix/k/1').length).toBe(1);
    expect(new Set(consul.calls.map(({ token }) => token))).toEqual(new Set(['5ecret']));
  });

  test('does not let LiteFS take the lease while it is not known how far the copy is', async () => {
    await startWithLiteFs();
    await ask('/v1/session/create', 'PUT', '{}');
    const taken = await ask('/v1/kv/k/1?acquire=s-1', 'PUT', '{"hostname":"ams1"}');
    expect({ status: taken.status, body: await taken.text() }).toEqual({
      status: 200,
      body: 'false',
    });
    expect(consul.find('PUT', '/v1/kv/pre/fix/k/1?acquire=s-1')).toEqual([]);
  });

  test('answers for a Consul that is silent', async () => {
    await startWithLiteFs();
    consul.isSilent = true;
    expect((await ask('/v1/session/renew/s-1', 'PUT')).status).toBe(504);
  });

  test.for([0, 3])('passes a signal on and ends with the code of LiteFS, %i', async (code) => {
    env.STUB_EXIT = String(code);
    await startWithLiteFs();
    guard.kill('SIGTERM');
    expect(await once(guard, 'exit')).toEqual([code, null]);
    expect(consul.find('PUT', '/v1/session/destroy/s-1').length, 'its place is free').toBe(1);
  });

  test('ends the app that a killed LiteFS leaves behind', async () => {
    await startWithLiteFs();
    const app = readPid('app.pid') as number;
    expect(identifyProcess(app)).toBeDefined();
    process.kill(readPid('litefs.pid') as number, 'SIGKILL');
    expect(await once(guard, 'exit')).toEqual([137, null]);
    expect(identifyProcess(app)).toBeUndefined();
  });

  test('refuses another version of LiteFS', async () => {
    env.STUB_VERSION = '0.5.11';
    start();
    expect(await once(guard, 'exit')).toEqual([1, null]);
    expect(stderr).toBe(
      'The guard cannot start: Hoplite runs on LiteFS 0.5.14, and this machine has LiteFS 0.5.11: install the version that the Dockerfile names.\n',
    );
  });

  test('is no Consul to a LiteFS that it did not start', async () => {
    const other = stack.use(await listen((_, response) => response.end()));
    env.LITEFS_URL = `http://127.0.0.1:${other.port}`;
    start();
    expect(await once(guard, 'exit')).toEqual([1, null]);
    expect(stderr).toMatch(/^The guard cannot start: something listens at .* End it first\.\n$/);
    expect(readPid('litefs.pid')).toBeUndefined();
  });

  test('says which address is in use', async () => {
    const other = stack.use(await listen((_, response) => response.end()));
    env.GUARD_ADDR = `127.0.0.1:${other.port}`;
    start();
    expect(await once(guard, 'exit')).toEqual([1, null]);
    expect(stderr).toContain(`127.0.0.1:${other.port}. GUARD_ADDR and GUARD_RELAY_ADDR say where`);
  });
});
