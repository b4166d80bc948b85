import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf, runHoplite } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { bearer, send } from '../support/send.ts';

let running: RunningApp;
let env: Record<string, string>;
beforeAll(async () => {
  running = await runApp({ ACCESS: 'keys' });
  env = environmentOf(running);
});
afterAll(() => running[Symbol.asyncDispose]());

const key = (...args: readonly string[]) => runHere(['key', ...args], env);
const statusWith = async (secret: string) =>
  (await send(`${running.baseUrl}/api/v1/links`, { headers: bearer(secret) })).status;

test('a key is printed once, is listed without its secret, works, and no longer when it is revoked', async () => {
  expect(await key('list')).toMatchObject({ exitCode: 0, stderr: 'There are no keys.\n' });

  const created = await runHoplite(['key', 'create', 'deploy-bot'], env);
  expect(created.stdout).toMatch(/^hop_\S+\n$/);
  expect(created.stderr).toBe(
    'This is key 1. Keep it now: it is stored as a hash and never shown again.\n',
  );
  expect(created.exitCode).toBe(0);
  const secret = created.stdout.trim();
  expect(await statusWith(secret)).toBe(200);

  const listed = await runHoplite(['key', 'list'], env);
  expect(listed.stdout.replaceAll(/\d{4}-[\dT:-]+Z/g, '2026-01-01T00:00:00Z')).toBe(
    `id  key          created               revoked  name\n1   ${secret.slice(4, 14)}…  2026-01-01T00:00:00Z           deploy-bot\n`,
  );
  expect(listed.stdout).not.toContain(secret);

  expect(await runHoplite(['key', 'revoke', '1'], env)).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: 'Key 1 is revoked.\n',
  });
  expect(await statusWith(secret)).toBe(401);
  expect((await key('list')).stdout).toMatch(/Z {2}\d{4}-\S+Z {2}deploy-bot\n$/);
});

test('a program gets what the API answers', async () => {
  const created = JSON.parse((await key('create', 'with json', '--json')).stdout);
  expect(created).toMatchObject({ name: 'with json', key: expect.stringMatching(/^hop_/) });
  const { keys } = JSON.parse((await key('list', '--json')).stdout);
  expect(keys).toContainEqual(expect.objectContaining({ id: created.id, revokedAt: null }));
  expect(await key('revoke', created.id, '--json')).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: '',
  });
});

test.each(['', ' ', 'x'.repeat(101), 'two\nlines'])('the name %j is refused', async (name) => {
  const { exitCode, stdout, stderr } = await key('create', name);
  expect(stderr).toMatch(/^Invalid input: .* \(<name>\)\n$/);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
});

test.each(['999', 'deploy-bot', '..', '1/../1', '0'])(
  'there is no key %j to revoke',
  async (id) => {
    const { exitCode, stderr } = await key('revoke', id);
    expect(stderr).toBe('Not found: There is no such key.\n');
    expect(exitCode).toBe(1);
  },
);
