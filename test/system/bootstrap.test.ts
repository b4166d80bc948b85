import { randomUUID } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Consul } from '../../scripts/cluster/consul.ts';
import { openBackupStore } from '../../src/app/backup-stores.ts';
import { packSnapshot } from '../../src/backup/pack-snapshot.ts';
import { findPrevious } from '../../src/backup/previous-backups.ts';
import type { Environment } from '../../src/cli/context.ts';
import { readConfig } from '../../src/config.ts';
import type { BackupConfig } from '../../src/config-backup.ts';
import { inspectDatabase } from '../../src/storage/inspect-database.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { GuardedNode, playedEpoch } from '../support/guarded-node.ts';
import { listen } from '../support/listen.ts';
import { readColumn } from '../support/read-column.ts';
import { type CommandResult, runHoplite } from '../support/run-hoplite.ts';
import { startS3Server } from '../support/s3-server.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

/** Beyond those that a cluster takes. */
const network = '127.0.33';
const hosts = { a: 101, b: 102, c: 103 } as const;
type NodeName = keyof typeof hosts;
const names = Object.keys(hosts) as NodeName[];
const key = 'hoplite/bootstrap/1';

let folder: string;
let consul: Consul;
const fleet = {} as Record<NodeName, GuardedNode>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hoplite-bootstrap-'));
  const run = randomUUID();
  consul = new Consul({ dir: join(folder, 'consul'), address: `${network}.110`, run });
  await consul.start();
  for (const node of names) {
    fleet[node] = new GuardedNode({
      node,
      address: `${network}.${hosts[node]}`,
      candidate: node !== 'c',
      directory: join(folder, node),
      consulUrl: consul.url,
      peerUrl: names.map((each) => `${each}=http://${network}.${hosts[each]}:8081`).join(','),
      run,
    });
  }
});

afterAll(async () => {
  for (const node of names) await fleet[node]?.[Symbol.asyncDispose]();
  await consul?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Waits for what guards and LiteFS bring about by themselves. */
const until = <T>(check: () => T | Promise<T>) =>
  vi.waitFor(check, { timeout: 60_000, interval: 20 });

const untilSays = (node: NodeName, words: string) =>
  until(() => expect(fleet[node].log()).toContain(words));

const untilUp = (node: NodeName) => until(() => fleet[node].play());

const untilPrimary = (node: NodeName) =>
  until(async () => expect(await fleet[node].info()).toMatchObject({ isPrimary: true }));

/** Hands the lease to a node once that has everything and may lead. */
async function promote(node: NodeName): Promise<void> {
  await until(() =>
    expect(fleet[node].log()).toMatch(/may lead from now on|"msg":"starting LiteFS"/),
  );
  await until(async () => {
    const mark = await keyInConsul('mark');
    expect(JSON.parse(mark ?? '{}')).toMatchObject({ txid: fleet[node].position()?.txid });
  });
  if ((await fleet[node].info()).isPrimary) return;
  // Refused while no primary is known, in an election.
  await until(async () => {
    const answer = await fetch(`${fleet[node].env.LITEFS_URL}/promote`, { method: 'POST' });
    expect(answer.status).toBe(200);
  });
  await untilPrimary(node);
}

/** Waits until nodes have what another one has. */
const untilSame = (source: NodeName, ...others: readonly NodeName[]) =>
  until(() => {
    const position = fleet[source].position();
    expect(position).toBeDefined();
    for (const node of others) expect(fleet[node].position()).toEqual(position);
  });

async function start(node: NodeName, options: Parameters<GuardedNode['start']>[0] = {}) {
  await fleet[node].start(options);
}

function write(node: NodeName, value: string): void {
  const database = new Database(fleet[node].database());
  database.exec('CREATE TABLE IF NOT EXISTS seen (value TEXT)');
  database.prepare('INSERT INTO seen VALUES (?)').run(value);
  database.close();
}

const read = (node: NodeName, sql = 'SELECT value FROM seen ORDER BY rowid') =>
  readColumn(fleet[node].database(), sql);

async function keyInConsul(name: string): Promise<string | undefined> {
  const answer = await fetch(`${consul.url}/v1/kv/${key}/${name}?raw`);
  return answer.ok ? answer.text() : undefined;
}

function rebuild(node: NodeName, ...args: readonly string[]): Promise<CommandResult> {
  return runHoplite(['rebuild', ...args], fleet[node].env);
}

test('an empty fleet: nodes wait for a candidate that has heard all others, which founds the cluster', async () => {
  await start('c');
  await untilSays('c', 'waiting for a candidate, which founds the cluster');
  expect(await fleet.c.status()).toMatchObject({ role: 'joining', position: null });
  await start('a');
  await untilSays('a', 'this node founds no second cluster beside it');
  expect(fleet.a.log()).toContain('(no answer from b)');
  await start('b');
  // Whoever is first: the other one joins it, and c does.
  for (const node of names) await untilUp(node);
  await until(async () => {
    const primaries = await Promise.all(names.map((node) => fleet[node].info()));
    expect(primaries.filter(({ isPrimary }) => isPrimary)).toHaveLength(1);
  });
  expect(names.map((node) => fleet[node].log()).join('')).toContain('this node founds the cluster');
  await until(async () => {
    const id = await keyInConsul('clusterid');
    expect(id).toMatch(/^LFSC/);
    expect(names.map((node) => fleet[node].clusterId)).toEqual([id, id, id]);
  });
  const { isPrimary } = await fleet.b.info();
  write(isPrimary ? 'b' : 'a', 'first');
  await untilSame(isPrimary ? 'b' : 'a', ...names);
  await promote('a');
});

test('a full volume of the cluster that Consul names starts, and leads again', async () => {
  await start('a');
  await consul.destroySessions();
  await untilSays('a', `This volume is of the cluster that Consul names, ${fleet.a.clusterId}.`);
  await untilUp('a');
  await untilSame('b', 'a');
  await promote('a');
});

test('a full volume of another cluster ends with 78 and names both ids, a torn one with 65: nothing starts', async () => {
  await fleet.b.kill();
  const own = fleet.b.clusterId ?? '';
  const other = 'LFSC00000000000000FF';
  writeFileSync(join(fleet.b.folders.volume, 'clusterid'), `${other}\n`);
  await start('b');
  await until(() => expect(fleet.b.exit).toEqual({ code: 78, signal: null }));
  for (const part of [other, own, `consul kv delete ${key}/clusterid`]) {
    expect(fleet.b.log()).toContain(part);
  }
  expect(fleet.b.log()).not.toContain('LiteFS mounted');
  // LiteFS would delete this one, and go on without it.
  writeFileSync(join(fleet.b.folders.volume, 'clusterid'), `${own}\n`);
  const links = join(fleet.b.folders.volume, 'dbs/links.db');
  writeFileSync(join(links, 'database'), Buffer.alloc(4096));
  const transactions = readdirSync(join(links, 'ltx'));
  await start('b');
  await until(() => expect(fleet.b.exit).toEqual({ code: 65, signal: null }));
  expect(fleet.b.log()).toContain(`${links}/database (4096 bytes) is no SQLite database`);
  expect(fleet.b.log()).not.toContain('LiteFS mounted');
  expect(readdirSync(join(links, 'ltx'))).toEqual(transactions);
  expect(await fleet.a.info()).toMatchObject({ clusterID: own, isPrimary: true });
});

test('an empty volume joins a fleet with links as a replica only, and may lead once it has them', async () => {
  await fleet.b.wipe();
  await start('b');
  await untilSays('b', 'joining as a replica, which cannot lead before it has the links');
  await untilUp('b');
  await untilSame('a', 'b', 'c');
  await promote('b');
  write('b', 'second');
  await untilSame('b', 'a', 'c');
});

test('an empty volume never leads where others had links, though it has the id and they are gone', async () => {
  // As when its primary died before the first snapshot was there.
  const id = fleet.a.clusterId ?? '';
  await fleet.a.wipe();
  writeFileSync(join(fleet.a.folders.volume, 'clusterid'), `${id}\n`);
  await start('a');
  await untilUp('a');
  await untilSame('b', 'a');
  await fleet.a.wipe();
  writeFileSync(join(fleet.a.folders.volume, 'clusterid'), `${id}\n`);
  await fleet.b.kill();
  await fleet.c.kill();
  await start('a');
  await untilSays('a', `hoplite rebuild --cluster-id ${id} --links FILE`);
  expect(fleet.a.log()).not.toContain('LiteFS mounted');
  // One that has them comes back: it leads, and the empty one joins.
  await consul.destroySessions();
  await start('b');
  await untilUp('b');
  await untilPrimary('b');
  await untilUp('a');
  await untilSame('b', 'a');
});

test('without Consul a full volume starts and is read but does not lead, and an empty one waits', async () => {
  await fleet.a.wipe();
  await fleet.c.kill();
  await consul.kill();
  await start('c');
  await start('a');
  await untilSays('c', 'redirecting from what this volume has');
  await untilUp('c');
  expect(read('c')).toEqual(['first', 'second']);
  await untilSays('a', 'This volume is empty and Consul does not answer');
  expect(await fleet.a.status()).toMatchObject({ role: 'joining' });
});

test('after Consul was wiped nobody makes a second cluster: who has the links leads and writes the id back', async () => {
  const id = fleet.b.clusterId;
  await consul.start();
  await untilSays('a', 'has links or is about to found a cluster: waiting until that is in Consul');
  await start('c');
  await untilSays('c', `Consul has no cluster id at ${key}/clusterid`);
  // The guard of a full node waits 10 s for others that may be ahead.
  await until(async () => expect(await keyInConsul('clusterid')).toBe(id));
  await untilPrimary('b');
  for (const node of names) await untilUp(node);
  await untilSame('b', 'a', 'c');
  expect(fleet.a.log()).not.toContain('founds the cluster');
  expect(names.map((node) => fleet[node].clusterId)).toEqual([id, id, id]);
  expect(read('a')).toEqual(['first', 'second']);
});

test('with another CONSUL_KEY a full node does not lead beside a primary, and redirects', async () => {
  await fleet.a.kill();
  const env = { CONSUL_KEY: 'hoplite/bootstrap/2' };
  await start('a', { env });
  await untilSays('a', 'b says that it is primary: this node does not lead');
  await untilUp('a');
  await untilSays('a', '"why":"replica-only"');
  expect(read('a')).toEqual(['first', 'second']);
  expect(await fleet.a.info()).toMatchObject({ isPrimary: false });
  // An empty one with that key would found a cluster, if it did not hear of the links.
  await fleet.a.wipe();
  await start('a', { env });
  await untilSays('a', 'b has links or is about to found a cluster');
  expect(fleet.a.log()).not.toContain('LiteFS mounted');
  fleet.a.signal('SIGTERM');
  await until(() => expect(fleet.a.exit).toEqual({ code: 0, signal: null }));
});

test('a node that joined founds nothing when Consul is wiped and whoever has the links falls silent', async () => {
  const lonely = 'hoplite/bootstrap/3';
  const put = (method: string) =>
    fetch(`${consul.url}/v1/kv/${lonely}/clusterid`, { method, body: 'LFSC0000000000000003' });
  await put('PUT');
  const position = { txid: '000000000000000a', checksum: '00000000000000ff' };
  const status = { node: 'z', role: 'detached', position, epoch: 3 };
  const peer = await listen((_, response) => response.end(JSON.stringify(status)));
  await fleet.a.wipe();
  await start('a', { env: { CONSUL_KEY: lonely, PEER_URL: `z=http://127.0.0.1:${peer.port}` } });
  await untilSays('a', 'z is in the cluster LFSC0000000000000003: joining as a replica');
  await untilUp('a');
  await peer[Symbol.asyncDispose]();
  await put('DELETE');
  // LiteFS knows no cluster now and asks for the lease, again and again.
  await untilSays('a', '"why":"replica-only"');
  await until(async () => expect(await refusals('a')).toBeGreaterThan(5));
  expect(await fleet.a.info()).toMatchObject({ isPrimary: false });
  expect(fleet.a.clusterId).toBeUndefined();
});

/** How often the guard has refused that its LiteFS asks for the lease. */
async function refusals(node: NodeName): Promise<number> {
  const answer = await fetch(`${fleet[node].env.GUARD_URL}/guard/metrics`);
  const [, count] =
    /^hoplite_guard_acquires_total\{.*replica-only.*\} (\d+)$/m.exec(await answer.text()) ?? [];
  return Number(count ?? 0);
}

/** All nodes lose their volumes, and Consul notices that they are gone. */
async function loseAllVolumes(): Promise<void> {
  for (const node of names) await fleet[node].wipe();
  await consul.destroySessions();
}

/** Backups in DELETE mode, whose links know the epochs 1 and 3. */
function makeBackup(target: string): void {
  using made = new TestFolder();
  openWriterSession(writerOptions(made, { journalMode: 'delete' }))[Symbol.dispose]();
  mkdirSync(target);
  for (const name of ['links.db', 'clicks.db']) copyFileSync(made.file(name), join(target, name));
  const database = new Database(join(target, 'links.db'));
  database.exec(`INSERT INTO epochs (epoch, node, started_at) VALUES (3, 'lost', 0)`);
  database.close();
}

/** What the backup has, and the epoch of the fleet that was lost, so that the next one is new to everybody. */
const restoredEpochs = ['1 test', '3 lost', `${playedEpoch} a`];
const readEpochs = (node: NodeName) =>
  read(node, `SELECT epoch || ' ' || node FROM epochs ORDER BY epoch`);
const restoreDir = (node: NodeName) => join(fleet[node].folders.own, 'restore');

test('with all volumes lost nobody leads before "hoplite rebuild", which gives cluster and links back', async () => {
  const backup = join(folder, 'backup');
  makeBackup(backup);
  const id = (await keyInConsul('clusterid')) ?? '';
  await loseAllVolumes();
  await start('a', { hook: true });
  await start('c');
  const command = `hoplite rebuild --cluster-id ${id}`;
  await untilSays('a', command);
  await untilSays('c', command);
  const files = ['--links', join(backup, 'links.db'), '--clicks', join(backup, 'clicks.db')];
  expect(await rebuild('a', '--cluster-id', id, ...files, '--yes')).toMatchObject({ exitCode: 0 });
  await untilSays('a', 'imported clicks.db and links.db, which "hoplite rebuild" had put ready');
  for (const node of ['a', 'c'] as const) await untilUp(node);
  await untilSame('a', 'c');
  expect(readEpochs('c')).toEqual(restoredEpochs);
  await until(() => expect(fleet.c.position('clicks.db')).toEqual(fleet.a.position('clicks.db')));
  expect(existsSync(restoreDir('a'))).toBe(false);
  expect(await keyInConsul('clusterid')).toBe(id);
  expect(await fleet.a.info()).toMatchObject({ clusterID: id, isPrimary: true });
});

test('an import that a crash broke off goes on, and one that is done is not done again', async () => {
  const backup = join(folder, 'backup');
  const id = (await keyInConsul('clusterid')) ?? '';
  await loseAllVolumes();
  await start('a');
  await untilSays('a', 'hoplite rebuild');
  const files = ['--links', join(backup, 'links.db'), '--clicks', join(backup, 'clicks.db')];
  expect(await rebuild('a', '--cluster-id', id, ...files, '--yes')).toMatchObject({ exitCode: 0 });
  await untilPrimary('a');
  // The first of the two files, and then the end.
  const body = readFileSync(join(restoreDir('a'), 'clicks.db'));
  await fetch(`${fleet.a.env.LITEFS_URL}/import?name=clicks.db`, { method: 'POST', body });
  expect(fleet.a.position('clicks.db')).toMatchObject({ txid: '0000000000000001' });
  cpSync(restoreDir('a'), join(folder, 'staged'), { recursive: true });
  await start('a', { hook: true });
  await consul.destroySessions();
  await untilSays('a', 'imported links.db, which "hoplite rebuild" had put ready');
  await untilUp('a');
  const imported = fleet.a.position();
  expect(readEpochs('a').slice(0, 2)).toEqual(restoredEpochs.slice(0, 2));

  // As if it had ended before it could take the files away.
  await fleet.a.kill();
  cpSync(join(folder, 'staged'), restoreDir('a'), { recursive: true });
  await consul.destroySessions();
  await start('a', { hook: true });
  await untilSays('a', 'the files of "hoplite rebuild" were not imported');
  await untilUp('a');
  expect(fleet.a.position()?.checksum).toBe(imported?.checksum);
  expect(readdirSync(fleet.a.folders.own)).toContain('restore.unused');
});

/** Puts a backup of the fleet into the bucket, whose links know of `node`. */
async function backUp(env: Environment, node: string, clusterId: string): Promise<string> {
  using made = new TestFolder();
  const options = writerOptions(made, { journalMode: 'delete', node });
  for (let epochs = 1; epochs <= 2; epochs += 1) openWriterSession(options)[Symbol.dispose]();
  const { backup } = readConfig(env);
  const store = openBackupStore(backup as BackupConfig);
  const copy = (name: string) => {
    const file = made.file(name);
    return { file, takenAtMs: Date.now(), position: null, facts: inspectDatabase(file) };
  };
  const { name } = await packSnapshot(store, {
    files: { links: copy('links.db'), clicks: copy('clicks.db') },
    node,
    clusterId,
    previous: await findPrevious(store),
  });
  return name;
}

test('REBUILD=auto restores the newest backup that verifies, under the id of Consul, once the bucket answers', async () => {
  await using s3 = await startS3Server(`${network}.111`);
  const PEER_URL = 'a=http://127.0.0.1:1';
  const env = { ...s3.env(), BACKUP_KEY: 'a key of this test and long enough for all', PEER_URL };
  const id = (await keyInConsul('clusterid')) ?? '';
  await backUp(env, 'older', id);
  const newest = await backUp(env, 'newest', id);
  // Its manifest is sound, and what it needs is not.
  const manifest = JSON.parse(
    readFileSync(join(s3.folder, 'hoplite/backups', `${newest}.json`), 'utf8'),
  );
  const [part] = manifest.databases.links.parts as { name: string }[];
  const stored = join(s3.folder, 'hoplite/parts', part?.name ?? '');
  writeFileSync(
    stored,
    readFileSync(stored).map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
  );

  await s3.kill();
  await loseAllVolumes();
  await start('a', { hook: true, env });
  await untilSays('a', `Whether there is a backup in s3://backups/hoplite cannot be told`);
  await s3.restart();
  await untilSays('a', `set REBUILD=auto on a candidate to restore the backup ${newest}`);
  expect(await fleet.a.status()).toMatchObject({ role: 'joining' });
  expect(fleet.a.log()).not.toContain('LiteFS mounted');

  await start('a', { hook: true, env: { ...env, REBUILD: 'auto' } });
  await untilSays('a', 'REBUILD=auto: restoring the backup');
  await untilSays('a', `NOT the newest backup: links.db of the backup ${newest}`);
  await untilSays('a', 'imported clicks.db and links.db');
  await untilUp('a');
  expect(readEpochs('a').slice(0, 2)).toEqual(['1 older', '2 older']);
  expect(await keyInConsul('clusterid')).toBe(id);

  // Full volumes win, whatever the bucket has.
  const position = fleet.a.position();
  await consul.destroySessions();
  await start('a', { hook: true, env: { ...env, REBUILD: 'auto' } });
  await untilUp('a');
  expect(fleet.a.position()?.checksum).toBe(position?.checksum);

  // What cannot be restored at all ends the node, and changes nothing.
  writeFileSync(join(s3.folder, 'hoplite/parts', part?.name ?? ''), 'nothing');
  for (const name of readdirSync(join(s3.folder, 'hoplite/backups'))) {
    writeFileSync(join(s3.folder, 'hoplite/backups', name), '{}');
  }
  await loseAllVolumes();
  await start('a', { hook: true, env: { ...env, REBUILD: 'auto' } });
  await until(() => expect(fleet.a.exit).toEqual({ code: 65, signal: null }));
  expect(fleet.a.log()).toContain('cannot be restored');
  expect(fleet.a.clusterId).toBeUndefined();

  // A person gives them up: the fleet starts empty beside them, and beside a node that is silent.
  const more = { ...env, PEER_URL: `${PEER_URL},b=http://127.0.0.1:1` };
  const empty = await runHoplite(['rebuild', '--empty', '--yes'], { ...fleet.a.env, ...more });
  expect(empty).toMatchObject({ exitCode: 0 });
  await start('a', { hook: true, env: more });
  await untilUp('a');
  await until(() => expect(read('a', 'SELECT count(*) FROM links')).toEqual([0]));
  expect(fleet.a.clusterId).toBe(id);
});

test('where Consul knows none, two empty candidates restore one cluster under its own id, also after a crash', async () => {
  await using s3 = await startS3Server(`${network}.111`);
  const peers = ['a', 'b'].map(
    (node) => `${node}=http://${network}.${hosts[node as NodeName]}:8081`,
  );
  const env = {
    ...s3.env(),
    BACKUP_KEY: 'a key of this test and long enough for all',
    PEER_URL: peers.join(),
  };
  const id = 'LFSC00000000000000AB';
  await backUp(env, 'older', id);
  await loseAllVolumes();
  await consul.kill();
  await consul.start();
  // Alone it waits: the other one may have newer links.
  await start('a', { hook: true, env });
  await untilSays('a', '(no answer from b). This node waits for one that has');
  await start('b', { hook: true, env });
  await untilSays('a', 'Restoring the backup');
  await fleet.a.kill();
  await start('a', { hook: true, env });
  for (const node of ['a', 'b'] as const) await untilUp(node);
  await until(async () => expect(await keyInConsul('clusterid')).toBe(id));
  await untilSame('a', 'b');
  expect([fleet.a.clusterId, fleet.b.clusterId]).toEqual([id, id]);
  expect(readEpochs('b').slice(0, 2)).toEqual(['1 older', '2 older']);
  expect(`${fleet.a.log()}${fleet.b.log()}`).not.toContain('founds the cluster');
});

test('RESTORE_DIR is enough where Consul knows no cluster and there is no bucket', async () => {
  const env = { RESTORE_DIR: join(folder, 'backup'), PEER_URL: 'a=http://127.0.0.1:1' };
  await loseAllVolumes();
  await consul.kill();
  await consul.start();
  await start('a', { hook: true, env });
  await untilSays('a', 'before leading');
  await untilSays('a', 'imported clicks.db and links.db');
  await untilUp('a');
  expect(readEpochs('a').slice(0, 2)).toEqual(restoredEpochs.slice(0, 2));
  await until(async () => expect(await keyInConsul('clusterid')).toBe(fleet.a.clusterId));
});
