import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import {
  commandLine,
  findProcessesWith,
  killProcess,
} from '../../scripts/cluster/process-identity.ts';
import { until } from '../../scripts/cluster/until.ts';
import { AppProcess } from '../support/app-process.ts';
import { readClickCounts, readUnconfirmed } from '../support/click-counts.ts';
import { startTestCluster } from '../support/cluster.ts';
import { allCaughtUp, createLink, primaryOf, statusOf } from '../support/cluster-client.ts';
import { findFreePort } from '../support/free-port.ts';
import { HitLedger } from '../support/hit-ledger.ts';
import { runHere } from '../support/run-command-line.ts';
import { type CommandResult, runHoplite } from '../support/run-hoplite.ts';
import { bearer, send } from '../support/send.ts';

const patienceMs = 60_000;
/** The nodes share two cores. */
const pace = { connections: 2, restMs: 10 };
const slugs = Array.from({ length: 30 }, (_, n) => `link-${n}`);

let cluster: LocalCluster;
let folder: string;
/** What each node runs with, as a shell on its machine has it. */
const environments = new Map<string, Record<string, string>>();
/** Nodes that work in another folder when they are started the next time. */
const dataDirs = new Map<string, string>();
/** Every redirect that anybody was given, at the machine and in the fleet. */
const ledger = new HitLedger(slugs);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hoplite-move-'));
  cluster = await startTestCluster({
    replay: 'forward',
    variant: ({ id }) => ({
      env(given) {
        const set = Object.entries(given).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, value] as const],
        );
        const dataDir = dataDirs.get(id);
        const other = dataDir === undefined ? {} : { DATA_DIR: dataDir };
        environments.set(id, { ...Object.fromEntries(set), ...other });
        return other;
      },
    }),
  });
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const asAdmin = () => ({ headers: bearer(cluster.adminKey) });
const runOn = (node: NodeProcess, ...args: readonly string[]): Promise<CommandResult> =>
  runHere(args, environments.get(node.id) ?? {});
/** With a place for backups, and as a process of its own, since a backup gives way to all others. */
const runWithBackups = (node: NodeProcess, ...args: readonly string[]): Promise<CommandResult> =>
  runHoplite(args, {
    ...environments.get(node.id),
    BACKUP_URL: `file://${folder}`,
    BACKUP_KEY: 'the-key-of-all-backups-of-this-test',
  });
/** What the fleet is called. */
const nameOf = () => new URL(environments.get('ams1')?.BASE_URL ?? '').host;

/** A machine alone, in a folder that it finds or makes. */
async function startMachine(dataDir: string): Promise<AppProcess> {
  const machine = new AppProcess({
    dataDir,
    port: await findFreePort(),
    privatePort: await findFreePort(),
    env: { ACCESS: 'keys', ADMIN_KEY: cluster.adminKey },
  });
  await machine.start();
  return machine;
}

/** Where a slug leads; this is no click. */
async function look(origin: string, slug: string): Promise<string> {
  const { status, headers } = await send(`${origin}/${slug}`, { method: 'HEAD' });
  return `${status} ${headers.get('Location') ?? ''}`.trim();
}

/** Whether what a bookmark names is lost, and how many nodes have it, as a node tells it. */
async function standingAt(origin: string, bookmark: string) {
  const { status, text } = await send(`${origin}/api/v1/positions/${bookmark}`, asAdmin());
  expect({ status, text }).toMatchObject({ status: 200 });
  const { lost, reached } = JSON.parse(text);
  return { lost, reached };
}

/** Everything that is moved, as one place tells it. */
async function readAll(origin: string) {
  const { text } = await send(`${origin}/api/v1/links?limit=200&sort=createdAt`, asAdmin());
  const keys = JSON.parse((await send(`${origin}/api/v1/keys`, asAdmin())).text);
  const links = JSON.parse(text).links.map((link: Record<string, unknown>) => ({
    ...link,
    shortUrl: null,
    clicks: null,
  }));
  return { links, keys };
}

async function expectExact(origin: string, privateUrls: readonly string[]): Promise<void> {
  for (const privateUrl of privateUrls) {
    await until(async () => (await readUnconfirmed(privateUrl)) === 0, {
      what: `all clicks of ${privateUrl} are counted`,
      timeoutMs: patienceMs,
    });
  }
  let mistakes: readonly string[] = [];
  await until(
    async () => {
      mistakes = ledger.findMistakes(await readClickCounts(origin, asAdmin()));
      return mistakes.length === 0;
    },
    { what: `${origin} counts exactly`, timeoutMs: 15_000 },
  ).catch(() => undefined);
  expect({ origin, mistakes }).toEqual({ origin, mistakes: [] });
}

const privateUrls = () => cluster.nodes.map(({ privateUrl }) => privateUrl);

async function hits(origins: readonly string[], count: number, meanwhile = async () => {}) {
  const enough = ledger.answered + count;
  const stops = origins.map((origin) => ledger.start(origin, pace));
  await meanwhile();
  await until(() => ledger.answered >= enough, {
    what: 'hits are answered',
    timeoutMs: patienceMs,
  });
  for (const stop of stops) await stop();
}

test('a machine that was killed moves into a running fleet: links, keys, and every click', async () => {
  const dataDir = join(folder, 'machine');
  await using machine = await startMachine(dataDir);
  for (const slug of slugs) {
    const body = { slug, destination: `https://example.com/${slug}` };
    const sending = { method: 'POST', body, ...asAdmin() };
    expect((await send(`${machine.url}/api/v1/links`, sending)).status).toBe(201);
  }
  const key = await send(`${machine.url}/api/v1/keys`, {
    method: 'POST',
    body: { name: 'moves' },
    ...asAdmin(),
  });
  const before = await readAll(machine.url);
  await hits([machine.url], 200);
  // What it has just answered is in its spool, and not counted.
  await machine.end('SIGKILL');

  const made = await createLink(cluster, cluster.node('ams1').url, 'of-the-fleet');
  const bookmark = made.headers.get('Hoplite-Bookmark') ?? '';
  const { epoch = 0 } = await statusOf(cluster.node('ams1'));
  const refused = await runOn(cluster.node('iad1'), 'move', '--from', dataDir, '--yes', 'other');
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: `this is ${nameOf()}, not other; nothing was changed\n`,
  });
  const moved = await runOn(cluster.node('iad1'), 'move', '--from', dataDir, '--yes', nameOf());
  expect(moved).toMatchObject({ exitCode: 0 });
  expect(moved.stdout).toMatch(/^restored what the machine in .* has; writes were held for \d+ ms/);

  await allCaughtUp(cluster);
  const secret = JSON.parse(key.text).key;
  for (const node of cluster.nodes) {
    expect(await readAll(node.url)).toEqual(before);
    expect(await look(node.url, 'link-7')).toBe('302 https://example.com/link-7');
    expect(await look(node.url, 'of-the-fleet')).toBe('404');
    expect((await send(`${node.url}/api/v1/links`, { headers: bearer(secret) })).status).toBe(200);
    expect((await statusOf(node)).epoch).toBeGreaterThan(epoch ?? 0);
    // Of an epoch that the machine has not had.
    expect(await standingAt(node.url, bookmark)).toEqual({ lost: true, reached: 0 });
    await expectExact(node.url, privateUrls());
  }
});

test('a backup is restored under load: clicks are counted exactly once, on every node', async () => {
  const origins = cluster.nodes.map(({ url }) => url);
  const primary = await primaryOf(cluster);
  const replica = cluster.node('syd1');
  /** The bookmarks of writes that the restore takes back: one in the epoch of the backup, one in the next. */
  const written = { bookmark: '', later: '' };
  expect((await createLink(cluster, primary.url, 'abused')).status).toBe(201);
  await hits(origins, 1_500, async () => {
    const taken = await runWithBackups(replica, 'backup', 'now');
    expect(taken).toMatchObject({ exitCode: 0, stderr: '' });
    const before = new Date().toISOString();
    const made = await createLink(cluster, primary.url, 'made-later');
    written.bookmark = made.headers.get('Hoplite-Bookmark') ?? '';
    const takedown = { method: 'PATCH', body: { blocked: true }, ...asAdmin() };
    expect((await send(`${primary.url}/api/v1/links/abused`, takedown)).status).toBe(200);
    expect(await runOn(primary, 'handoff')).toMatchObject({ exitCode: 0, stderr: '' });
    const last = await createLink(cluster, replica.url, 'made-last');
    written.later = last.headers.get('Hoplite-Bookmark') ?? '';
    await until(() => ledger.answered > 1_200, { what: 'clicks come', timeoutMs: patienceMs });
    const restored = await runWithBackups(
      cluster.node('iad1'),
      ...['backup', 'restore', '--at', before, '--yes', nameOf()],
    );
    expect(restored).toMatchObject({ exitCode: 0 });
    process.stdout.write(restored.stdout);
  });
  // Links that are in memory redirect throughout; a copy that is being replaced may be busy for a moment.
  expect([...ledger.refused.keys()].filter((status) => status !== 503)).toEqual([]);
  await allCaughtUp(cluster);
  for (const node of cluster.nodes) {
    expect(await look(node.url, 'made-later')).toBe('404');
    expect(await look(node.url, 'made-last')).toBe('404');
    expect(await look(node.url, 'abused')).toBe('451');
    await expectExact(node.url, privateUrls());
    // A bookmark of what is gone keeps nobody waiting.
    for (const bookmark of Object.values(written)) {
      const headers = { ...asAdmin().headers, 'Hoplite-Bookmark': bookmark };
      expect((await send(`${node.url}/api/v1/links`, { headers })).status).toBe(200);
    }
    // Of the epoch of the backup, which counts as reached.
    expect(await standingAt(node.url, written.bookmark)).toEqual({
      lost: false,
      reached: cluster.nodes.length,
    });
    // Of an epoch that the backup has not had.
    expect(await standingAt(node.url, written.later)).toEqual({ lost: true, reached: 0 });
  }
  expect((await createLink(cluster, replica.url, 'goes-on')).status).toBe(201);
});

test('a primary that is killed in a restore leaves the fleet with what was there or with what was restored', async () => {
  const copy = join(folder, 'copy-2');
  const primary = await primaryOf(cluster);
  const replica = cluster.node('syd1');
  expect(await runOn(primary, 'move', '--to', copy)).toMatchObject({ exitCode: 0, stderr: '' });
  await createLink(cluster, primary.url, 'since-then');
  await allCaughtUp(cluster);
  const restoring = runOn(replica, 'move', '--from', copy, '--yes', nameOf());
  await until(async () => (await statusOf(primary)).writerOpen === false, {
    what: 'writes are held',
    timeoutMs: patienceMs,
  });
  for (const found of findProcessesWith('LITEFS_ADVERTISE_URL', primary.liteFsUrl)) {
    if (commandLine(found.pid).includes('src/main.ts')) killProcess(found);
  }
  expect((await restoring).exitCode).toBe(1);
  await until(() => !primary.isRunning, { what: 'its guard ends', timeoutMs: patienceMs });
  await cluster.startNode(primary.id);
  await cluster.waitUntilRouted(primary.id);
  await until(async () => (await createLink(cluster, replica.url, 'after-all')).status === 201, {
    what: 'a primary takes writes',
    timeoutMs: patienceMs,
  });
  await allCaughtUp(cluster);
  const states = await Promise.all(cluster.nodes.map(({ url }) => look(url, 'since-then')));
  expect(new Set(states).size).toBe(1);
  expect(['404', '302 https://example.com/since-then']).toContain(states[0]);
  for (const { url } of cluster.nodes) await expectExact(url, privateUrls());
});

test('a fleet moves to one machine, which has all of it, and becomes a node of a fleet again', async () => {
  const dataDir = join(folder, 'back');
  const primary = await primaryOf(cluster);
  const replica = cluster.nodes.find((node) => node !== primary) as NodeProcess;
  const refused = await runOn(replica, 'move', '--to', dataDir);
  expect(refused).toMatchObject({ exitCode: 1 });
  expect(refused.stderr).toContain('only the primary writes; run this there');
  const moved = await runOn(primary, 'move', '--to', dataDir);
  expect(moved).toMatchObject({ exitCode: 0, stderr: '' });
  await using machine = await startMachine(dataDir);
  const all = await readAll(machine.url);
  expect(all).toEqual(await readAll(primary.url));
  await hits([machine.url], 50);
  await expectExact(machine.url, [machine.privateUrl]);

  // Its spool stays where it is, with what it has just answered, and is the node's.
  await hits([machine.url], 50);
  await machine.end('SIGKILL');
  const node = cluster.node('syd1');
  await node.stop();
  dataDirs.set(node.id, dataDir);
  await cluster.startNode(node.id);
  await cluster.waitUntilRouted(node.id);
  const again = await runOn(node, 'move', '--from', dataDir, '--yes', nameOf());
  expect(again).toMatchObject({ exitCode: 0 });
  await allCaughtUp(cluster);
  // All of them send again what is not counted there, the node what the machine had kept.
  await hits(
    cluster.nodes.map(({ url }) => url),
    100,
  );
  for (const { url } of cluster.nodes) {
    expect(await readAll(url)).toEqual(all);
    await expectExact(url, privateUrls());
  }
});
