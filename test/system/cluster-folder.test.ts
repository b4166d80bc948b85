import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Child, runVariable } from '../../scripts/cluster/child.ts';
import { readRun, releaseFolder, takeFolder, writeRun } from '../../scripts/cluster/folder.ts';
import {
  findProcessesWith,
  identifyProcess,
  isRunning,
} from '../../scripts/cluster/process-identity.ts';
import { firstNodes } from '../../scripts/cluster/topology.ts';

let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'hoplite-folder-')), 'cluster');
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true }));

const fresh = { keep: false };

test('a folder that holds something else is refused and left as it is', async () => {
  mkdirSync(dir);
  writeFileSync(join(dir, 'thesis.txt'), 'precious');
  await expect(takeFolder(dir, fresh)).rejects.toThrow('is not the folder of a cluster');
  expect(existsSync(join(dir, 'thesis.txt'))).toBe(true);
});

test('a folder belongs to one run at a time', async () => {
  await takeFolder(dir, fresh);
  await expect(takeFolder(dir, fresh)).rejects.toThrow(`process ${process.pid}`);
  releaseFolder(dir);
  await takeFolder(dir, fresh);
});

test('a run begins with new secrets and without data, or goes on with those it finds', async () => {
  const first = await takeFolder(dir, fresh);
  writeRun(dir, { ...first, nodes: [...firstNodes] });
  writeFileSync(join(dir, 'data'), '');
  releaseFolder(dir);

  const kept = await takeFolder(dir, { keep: true });
  expect(kept).toMatchObject({ adminKey: first.adminKey, fleetSecret: first.fleetSecret });
  expect(kept.nodes).toEqual(firstNodes);
  expect(existsSync(join(dir, 'data'))).toBe(true);
  expect(kept.id).not.toBe(first.id);
  releaseFolder(dir);

  const cleared = await takeFolder(dir, fresh);
  expect(cleared.adminKey).not.toBe(first.adminKey);
  expect(cleared.nodes).toEqual([]);
  expect(existsSync(join(dir, 'data'))).toBe(false);
});

test('the processes of a killed run are ended, and no others', async () => {
  const run = await takeFolder(dir, fresh);
  // A child that left a child of its own behind, as a killed LiteFS does.
  const parent = await Child.start({
    command: 'sh',
    args: ['-c', 'sleep 1000 & echo $!; wait'],
    cwd: dir,
    env: process.env,
    logFile: join(dir, 'log'),
    run: run.id,
  });
  const stranger = spawn('sleep', ['1000'], { env: { ...process.env, [runVariable]: 'another' } });
  const strangerIdentity = identifyProcess(stranger.pid as number);
  try {
    // As if the command had been killed: its process is another one now.
    writeRun(dir, { ...run, command: { pid: process.pid, startTime: 'long ago' } });
    await takeFolder(dir, fresh);
    expect(await parent.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(strangerIdentity !== undefined && isRunning(strangerIdentity)).toBe(true);
    expect(readRun(dir)?.id).not.toBe(run.id);
  } finally {
    stranger.kill('SIGKILL');
  }
});

test('killing a child ends what it started, also when it has ended itself', async () => {
  const { id } = await takeFolder(dir, fresh);
  const logFile = join(dir, 'log');
  const common = { cwd: dir, env: process.env, logFile, run: id };
  const child = await Child.start({
    command: process.execPath,
    args: ['-e', `require('child_process').spawn('sleep', ['1000'], { stdio: 'ignore' }).unref()`],
    ...common,
  });
  expect(await child.exited).toEqual({ code: 0, signal: null });
  const orphans = findProcessesWith(runVariable, id);
  expect(orphans).toHaveLength(1);
  await child.kill();
  await expect.poll(() => orphans.filter(isRunning)).toEqual([]);
});
