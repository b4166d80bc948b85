import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { slugOf } from '../../scripts/bench/slugs.ts';
import { until } from '../../scripts/cluster/until.ts';
import { createBackupProcess } from '../../src/backup/backup-process.ts';
import { AppProcess } from '../support/app-process.ts';
import {
  type BucketProxy,
  type ProxiedRequest,
  startBucketProxy,
} from '../support/bucket-proxy.ts';
import { readMetric } from '../support/click-counts.ts';
import { findFreePort } from '../support/free-port.ts';
import { hopliteFile, runHoplite } from '../support/run-hoplite.ts';
import { type S3Server, startS3Server } from '../support/s3-server.ts';

const links = 20_000;
/** Room for the databases, one copy of them and little more. */
const diskMiB = 64;
/** Backups give way to all else that runs on the machine. */
const patience = { timeoutMs: 150_000 };

const stack = new AsyncDisposableStack();
let s3: S3Server;
let proxy: BucketProxy;
let app: AppProcess;
let dataDir: string;
let env: Record<string, string>;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'hoplite-backups-'));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m`, 'tmpfs', dataDir]);
  stack.defer(() => void execFileSync('umount', [dataDir]));
  makeLinks(dataDir, links);
  s3 = stack.use(await startS3Server());
  proxy = stack.use(await startBucketProxy(s3.url));
  const [port, privatePort] = [await findFreePort(), await findFreePort()];
  env = {
    PATH: process.env.PATH as string,
    DATA_DIR: dataDir,
    PORT: `${port}`,
    PRIVATE_PORT: `${privatePort}`,
    BACKUP_KEY: 'the-key-of-a-test-that-has-enough-letters',
    BACKUP_INTERVAL: '10s',
    ...s3.env('fleet', proxy.url),
  };
  app = stack.use(new AppProcess({ dataDir, port, privatePort, env }));
});
afterAll(() => stack.disposeAsync());

/** 0 while there is none. */
const metric = (name: string) =>
  readMetric(app.privateUrl, `hoplite_backup_${name.replaceAll(/[{}]/g, '\\$&')}`).catch(() => 0);
/** A person's own backups of the same node, beside those that it makes by itself. */
const hoplite = (...args: string[]) => runHoplite(['backup', ...args], personsEnv());
const personsEnv = () => ({ ...env, ...s3.env('person', proxy.url) });

interface Listed {
  readonly name: string;
  readonly links: number;
  readonly verifiedAt: string | null;
  readonly fault: string | null;
}

interface Status {
  readonly summary: { readonly isFine: boolean; readonly sentences: readonly string[] };
}

async function list(): Promise<readonly Listed[]> {
  const { stdout, exitCode, stderr } = await hoplite('list', '--json');
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout).backups;
}

async function create(): Promise<void> {
  const answer = await fetch(`${app.url}/?url=https://example.com/made-meanwhile`, {
    method: 'POST',
  });
  expect(answer.status).toBeLessThan(300);
}

async function followOne(): Promise<void> {
  const answer = await fetch(`${app.url}/${slugOf(7)}`, { redirect: 'manual' });
  expect(answer.status).toBe(302);
}

/** What runs have left on the disk. */
const leftOver = () => {
  const folder = join(dataDir, 'backup');
  return readdirSync(folder).filter((name) => name.startsWith('run-'));
};

test('a bucket that is away fails backups, says so, and gets one with everything once it is back', async () => {
  await s3.kill();
  await app.start();
  await until(async () => (await metric('failures_total{kind="unreachable"}')) > 0, {
    what: 'a backup fails',
    ...patience,
  });
  await create();
  await followOne();
  const { summary } = (await (await fetch(`${app.url}/status`)).json()) as Status;
  expect(summary.sentences.join(' ')).toMatch(/Backups fail at .+: /);
  await s3.restart();
  await until(async () => (await metric('runs_total{work="drill",outcome="verified"}')) > 0, {
    what: 'a backup was made and tried',
    ...patience,
  });
  expect(await metric('unsaved_age_seconds')).toBe(0);
  const after = (await (await fetch(`${app.url}/status`)).json()) as Status;
  expect(after.summary.isFine).toBe(true);
});

test('a run that is killed in the middle of its upload leaves no backup, and the next one cleans up after it', async () => {
  await create();
  const isPart = ({ method, key }: ProxiedRequest) =>
    method === 'PUT' && key.startsWith('person/parts/');
  proxy.inject((request) => (isPart(request) ? { is: 'mute', passedOn: true } : undefined));
  const seen = proxy.requests.length;
  const child = spawn(process.execPath, [hopliteFile, 'backup', 'now'], {
    env: personsEnv(),
    stdio: 'ignore',
  });
  await until(() => child.exitCode !== null || proxy.requests.slice(seen).some(isPart), {
    what: 'something is uploaded',
    ...patience,
  });
  expect(child.exitCode).toBeNull();
  await kill(child);
  proxy.heal();
  expect(await hoplite('list')).toMatchObject({ stdout: '' });
  expect(leftOver().length).toBeGreaterThan(0);

  const next = await hoplite('now', '--json');
  expect(next.exitCode, next.stderr).toBe(0);
  expect(JSON.parse(next.stdout).manifest.databases.links.counts.links).toBe(links + 2);
  await until(() => leftOver().length === 0, { what: 'nothing is left over', ...patience });
});

test('two that make backups at the same time make two good ones', async () => {
  await create();
  const both = await Promise.all([hoplite('now', '--json'), hoplite('now', '--json')]);
  const names = both.map(({ stdout }) => JSON.parse(stdout).name as string);
  const tried = await Promise.all(names.map((name) => hoplite('verify', name, '--json')));
  for (const { exitCode, stdout, stderr } of tried) {
    expect(exitCode, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      manifest: { databases: { links: { counts: { links: links + 3 } } } },
    });
  }
  expect(JSON.parse(tried[0]?.stdout as string).followed).toBeGreaterThan(100);
});

test('with a full disk no backup is begun, what was begun is cleaned up, and writes and redirects go on', async () => {
  const ballast = join(dataDir, 'ballast');
  writeFileSync(ballast, Buffer.alloc(freeBytes() - 4 * 2 ** 20));
  const refused = await hoplite('now');
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(
    /a copy needs \d+ MiB with \d+ MiB to spare; make the volume larger/,
  );
  await create();
  await followOne();
  await until(async () => (await metric('failures_total{kind="disk_full"}')) > 0, {
    what: 'the node says that the disk is full',
    ...patience,
  });
  expect(leftOver()).toEqual([]);
  await create();
  await followOne();
});

test('a backup with a part that somebody removed is found out, and a whole one is made', async () => {
  rmSync(join(dataDir, 'ballast'));
  const [newest] = await list();
  expect(newest).toMatchObject({ links: links + 3, fault: null });
  const parts = join(s3.folder, 'person', 'parts');
  for (const part of readdirSync(parts)) rmSync(join(parts, part));
  const { exitCode, stderr } = await hoplite('verify', newest?.name as string);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/needs parts\/\S+, which is not there/);
  // What the node does by itself: the failure is told, and a backup made that relies on nothing.
  const run = createBackupProcess({ isAlone: false, file: hopliteFile, env: personsEnv() });
  const never = new AbortController().signal;
  expect(await run('drill', never)).toMatchObject({ outcome: 'failed', kind: 'damaged' });
  expect(await run('drill', never)).toMatchObject({ outcome: 'verified' });
});

function freeBytes(): number {
  const line = execFileSync('df', ['--output=avail', '-B1', dataDir], { encoding: 'utf8' });
  return Number(line.trim().split('\n').at(-1));
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
