import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';

let running: RunningApp;
let env: Record<string, string>;
beforeAll(async () => {
  running = await runApp({ ACCESS: 'keys', NODE_ID: 'only1', REGION: 'ams' });
  env = { ...environmentOf(running), NODE_ID: 'only1' };
});
afterAll(() => running[Symbol.asyncDispose]());

test('people see each node in a line, and what is wrong in sentences', async () => {
  const { exitCode, stdout, stderr } = await runHere(['status'], env);
  expect(stdout).toMatch(
    /^node +region +role +lag +schema +version\nonly1 +ams +primary +\d+ ms +\d+ +\d+\.\d+\.\d+\n$/,
  );
  expect(stderr).toBe('only1 runs alone and takes writes.\n');
  expect(exitCode).toBe(0);
});

test('a program gets what the API answers', async () => {
  const { exitCode, stdout } = await runHere(['status', '--json'], env);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    summary: { isFine: true },
    nodes: [{ node: 'only1', answers: true, status: { role: 'primary', durability: 'local' } }],
  });
});

test('without a node it fails and says so', async () => {
  const { exitCode, stderr } = await runHere(['status'], { ...env, PRIVATE_PORT: '1' });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('no node answers');
});
