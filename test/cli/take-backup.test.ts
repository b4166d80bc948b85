import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { openBackupStore } from '../../src/app/backup-stores.ts';
import { restoreNewest } from '../../src/backup/restore-newest.ts';
import { recordVerified } from '../../src/backup/verified-backups.ts';
import { expectBackups } from '../../src/cli/backup/expect-backups.ts';
import { lookAtBucket, type NamedBackup } from '../../src/cli/backup/look.ts';
import { takeBackup } from '../../src/cli/backup/take-backup.ts';
import { DatabaseChecksum } from '../../src/cluster/database-checksum.ts';
import { readConfig } from '../../src/config.ts';
import { alterBucket, SampleDatabases } from '../support/backup-store.ts';
import { FakeLiteFs } from '../support/fake-litefs.ts';
import { FakeMount, positionAt } from '../support/fake-mount.ts';
import { TestFolder } from '../support/test-database.ts';

const { signal } = new AbortController();
const [oldSecret, newSecret] = ['old '.repeat(10), 'new '.repeat(10)] as const;

const samples = new SampleDatabases(3);
afterAll(() => samples[Symbol.dispose]());

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
  for (const name of ['bucket', 'data']) mkdirSync(join(folder.path, name));
  makeLinks(join(folder.path, 'data'), 3);
  return () => folder[Symbol.dispose]();
});

function open(env: Record<string, string>) {
  const config = readConfig({
    DATA_DIR: join(folder.path, 'data'),
    BACKUP_URL: `file://${folder.path}/bucket`,
    BACKUP_KEY: oldSecret,
    NODE_ID: 'a',
    ...env,
  });
  const backup = expectBackups(config);
  return { config, backup, store: openBackupStore(backup) };
}

/** A run as the node itself makes it. */
function runScheduled(env: Record<string, string> = {}) {
  const { config, backup, store } = open(env);
  return takeBackup(config, backup, store, { onlyWhenDue: true, signal });
}

/** The backup that a node with these settings would restore. */
function restore(env: Record<string, string>) {
  return restoreNewest(open(env).store, { folder: join(folder.path, 'restored') });
}

/** A node of a fleet. */
interface FleetNode extends AsyncDisposable {
  readonly litefs: FakeLiteFs;
  readonly mount: FakeMount;
}

async function startNode({ isPrimary }: { readonly isPrimary: boolean }): Promise<FleetNode> {
  const litefs = await FakeLiteFs.start({ isPrimary, hostname: 'b' });
  const mount = new FakeMount();
  return {
    litefs,
    mount,
    async [Symbol.asyncDispose]() {
      mount[Symbol.dispose]();
      await litefs[Symbol.asyncDispose]();
    },
  };
}

/** Brings the links of a node to a transaction, where they differ from those of all others. Gives its settings. */
function bringTo(
  { litefs, mount }: FleetNode,
  txid: number,
  { node = 'a', epoch = 7 }: { readonly node?: string; readonly epoch?: number } = {},
): Record<string, string> {
  const { file } = samples.copy('links', folder);
  const links = new Database(file);
  links.prepare('UPDATE links SET version = ?').run(txid);
  links.prepare('UPDATE epochs SET epoch = ?').run(epoch);
  links.close();
  const bytes = readFileSync(file);
  const checksum = new DatabaseChecksum(4096);
  checksum.update(bytes);
  mount.setPosition({ txid: positionAt(txid).txid, checksum: checksum.digest() as string });
  litefs.exports.set('links.db', bytes);
  return {
    NODE_ID: node,
    LITEFS_DIR: mount.directory,
    LITEFS_URL: litefs.url,
    FLEET_SECRET: 'f'.repeat(32),
    PEER_URL: 'http://{node}.example.internal:8081',
    BASE_URL: 'https://go.example.com',
    // Clicks, which this node has none of, are due.
    BACKUP_CLICKS_INTERVAL: '60s',
  };
}

/** A run that sends nothing before it is told to go on. */
async function beginRun(env: Record<string, string>, onlyWhenDue = true) {
  const { config, backup, store } = open(env);
  const copied = Promise.withResolvers<void>();
  const mayGoOn = Promise.withResolvers<void>();
  const bucket = alterBucket(store.bucket, {
    write: async (...object) => {
      copied.resolve();
      await mayGoOn.promise;
      await store.bucket.write(...object);
    },
  });
  const ending = takeBackup(config, backup, { ...store, bucket }, { onlyWhenDue, signal });
  await Promise.race([copied.promise, ending]);
  return () => {
    mayGoOn.resolve();
    return ending;
  };
}

/** Stops the clock. What it gives sets it to so many milliseconds after now. */
function stopClock(): (afterMs: number) => void {
  const clock = vi.spyOn(Date, 'now');
  onTestFinished(() => clock.mockRestore());
  const startMs = Date.now();
  return (afterMs) => clock.mockReturnValue(startMs + afterMs);
}

function changeLinks(): void {
  const links = new Database(join(folder.path, 'data', 'links.db'));
  links.exec('UPDATE links SET version = version + 1 WHERE id = 1');
  links.close();
}

describe('a scheduled backup', () => {
  it.each(['true', 'false'])(
    'after BACKUP_KEY has changed needs no old key, with BACKUP_ENCRYPT=%s',
    async (encrypt) => {
      const at = (...secrets: string[]) => ({
        BACKUP_KEY: secrets.join(','),
        BACKUP_ENCRYPT: encrypt,
      });
      expect((await runScheduled(at(oldSecret))).is).toBe('taken');
      expect((await runScheduled(at(oldSecret))).is).toBe('unchanged');
      changeLinks();
      const second = await runScheduled(at(newSecret, oldSecret));
      expect(second.is).toBe('taken');
      expect(await restore(at(newSecret))).toMatchObject({ name: second.name });
      changeLinks();
      const third = await runScheduled(at(newSecret));
      expect(await restore(at(newSecret))).toMatchObject({ name: third.name, passedOver: [] });
    },
  );

  it('is made after BACKUP_KEY or BACKUP_ENCRYPT has changed, also where nothing else did', async () => {
    await runScheduled();
    const keys = { BACKUP_KEY: `${newSecret},${oldSecret}` };
    expect((await runScheduled(keys)).is).toBe('taken');
    expect((await runScheduled(keys)).is).toBe('unchanged');
    const encrypted = await runScheduled({ ...keys, BACKUP_ENCRYPT: 'true' });
    expect(encrypted).toMatchObject({
      is: 'taken',
      manifest: { databases: { links: { encrypted: true }, clicks: { encrypted: true } } },
    });
    expect(await restore({ BACKUP_KEY: newSecret })).toMatchObject({ name: encrypted.name });
  });

  it.each(['a', 'b'])(
    'of node %s goes on after one of node a that was made while the clock was ahead',
    async (node) => {
      const at = { NODE_ID: node, BACKUP_CLICKS_INTERVAL: '60s' };
      const ahead = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 30 * 24 * 3_600_000);
      const { config, backup, store } = open({});
      const first = await takeBackup(config, backup, store, { signal });
      await recordVerified(store, first as NamedBackup, { node: 'a', signal });
      ahead.mockRestore();
      expect(await lookAtBucket(store, first as NamedBackup, signal)).toMatchObject({
        newest: { ageMs: null, clicksAgeMs: null },
        verified: null,
      });

      const clicks = new Database(join(folder.path, 'data', 'clicks.db'));
      clicks.exec('INSERT INTO click_totals VALUES (1, 1, 5, 0, 3, 0)');
      clicks.close();
      const second = await runScheduled(at);
      expect(second.is).toBe('taken');
      const look = await lookAtBucket(store, second as NamedBackup, signal);
      expect(look.newest?.ageMs).toBeLessThan(60_000);
      expect(look.newest?.clicksAgeMs).toBeLessThan(60_000);
      expect(await restore({})).toMatchObject({
        name: second.name,
        manifest: { databases: { clicks: { counts: { click_totals: 1 } } } },
      });
      await recordVerified(store, second as NamedBackup, { node, signal });
      expect((await lookAtBucket(store, undefined, signal)).verified?.name).toBe(second.name);
    },
  );

  it('is refused where the newest one is of another machine, and not to one that got a new name', async () => {
    const begin = (data: string, startedAt: number) => {
      const links = new Database(join(folder.path, data, 'links.db'));
      links.prepare('DELETE FROM epochs').run();
      links.prepare('INSERT INTO epochs VALUES (1, ?, ?)').run('localhost', startedAt);
      links.close();
    };
    mkdirSync(join(folder.path, 'other'));
    makeLinks(join(folder.path, 'other'), 5);
    begin('data', 1);
    begin('other', 2);
    const first = await runScheduled({ NODE_ID: 'c' });
    expect(first.manifest?.origin).toMatch(/^[0-9a-f]{16}$/);
    const other = { NODE_ID: 'd', DATA_DIR: join(folder.path, 'other') };
    const refused = { kind: 'other', message: expect.stringMatching(/newest by c, .*BACKUP_URL/) };
    await expect(runScheduled(other)).rejects.toMatchObject(refused);
    const { config, backup, store } = open(other);
    await expect(takeBackup(config, backup, store, { signal })).rejects.toMatchObject(refused);
    changeLinks();
    const second = await runScheduled({ NODE_ID: 'e' });
    expect(second).toMatchObject({ is: 'taken', manifest: { origin: first.manifest?.origin } });
    expect(await restore({})).toMatchObject({ name: second.name });
  });

  it('is refused to a fleet where another one has just made one, which does not pass for its own', async () => {
    await using one = await startNode({ isPrimary: true });
    await using other = await startNode({ isPrimary: true });
    const ids = ['LFSC0123456789ABCDEF', 'LFSCFEDCBA9876543210'] as const;
    one.litefs.info = { isPrimary: true, clusterID: ids[0] };
    other.litefs.info = { isPrimary: true, clusterID: ids[1] };
    expect((await runScheduled(bringTo(one, 20, { node: 'b' }))).is).toBe('taken');
    await expect(runScheduled(bringTo(other, 30))).rejects.toMatchObject({
      kind: 'other',
      message: expect.stringContaining(`backups of the cluster ${ids[0]}, and this node is of`),
    });
  });

  it('is refused after one of a key that is not held, also to a person', async () => {
    await runScheduled({ BACKUP_KEY: newSecret });
    const { config, backup, store } = open({});
    for (const onlyWhenDue of [true, false]) {
      const taking = takeBackup(config, backup, store, { onlyWhenDue, signal });
      await expect(taking).rejects.toMatchObject({ kind: 'other_key' });
    }
  });

  it('is refused to a replica that has less than the newest one, and never to the primary', async () => {
    await using node = await startNode({ isPrimary: false });
    const runAt = (txid: number) => runScheduled(bringTo(node, txid));
    const first = await runAt(5000);
    expect(first).toMatchObject({ is: 'taken', manifest: { epoch: 7 } });
    await expect(runAt(10)).rejects.toThrow(`has less than the newest backup, ${first.name}`);
    expect(readdirSync(join(folder.path, 'bucket', 'backups'))).toHaveLength(1);
    expect(readdirSync(join(folder.path, 'data', 'backup'))).toEqual(['lock']);
    node.litefs.info = { isPrimary: true };
    expect((await runAt(10)).is).toBe('taken');
  });

  it('of a node of a fleet comes back at the position that it tells of', async () => {
    await using node = await startNode({ isPrimary: false });
    const taken = await runScheduled(bringTo(node, 5000));
    const position = taken.manifest?.databases.links.position;
    expect(position?.txid).toBe(positionAt(5000).txid);
    const checksum = new DatabaseChecksum(4096);
    checksum.update(readFileSync((await restore({}))?.files.links ?? ''));
    expect(checksum.digest()).toBe(position?.checksum);
  });

  it('of the side of a cut fleet that is behind is never the newest, and healed it goes on', async () => {
    await using old = await startNode({ isPrimary: false });
    await using other = await startNode({ isPrimary: true });
    const runOld = (txid: number) => runScheduled(bringTo(old, txid));
    const runOther = (txid: number) => runScheduled(bringTo(other, txid, { node: 'b' }));
    const setClock = stopClock();
    const intervalLater = (count: number) => setClock(count * 60_000);

    intervalLater(0);
    expect((await runOld(10)).is).toBe('taken');
    // Both think that it is their turn, and whoever comes second waits.
    expect((await runOther(20)).is).toBe('theirs');
    intervalLater(1);
    const second = await runOther(20);
    expect(second.is).toBe('taken');
    expect((await runOld(12)).is).toBe('theirs');
    // It is due, and it is behind.
    intervalLater(2);
    await expect(runOld(12)).rejects.toThrow(`has less than the newest backup, ${second.name}`);
    expect(await restore({})).toMatchObject({ name: second.name, passedOver: [] });
    // It has caught up.
    const third = await runOld(30);
    expect(third.is).toBe('taken');
    expect((await runOther(30)).is).toBe('theirs');
    rmSync(join(folder.path, 'restored'), { recursive: true });
    expect(await restore({})).toMatchObject({ name: third.name, passedOver: [] });
  });

  describe('that overlaps with another, which copied before and is finished first,', () => {
    /** What the slower run comes to, and the name of the other's backup. */
    async function overlap(
      slower: { readonly isPrimary: boolean; readonly epoch: number; readonly txid: number },
      onlyWhenDue = true,
    ) {
      await using one = await startNode({ isPrimary: true });
      await using two = await startNode({ isPrimary: slower.isPrimary });
      const setClock = stopClock();
      setClock(0);
      const finishFirst = await beginRun(bringTo(one, 20, { node: 'b' }));
      setClock(1000);
      const finishSlower = await beginRun(bringTo(two, slower.txid, slower), onlyWhenDue);
      setClock(2000);
      const first = await finishFirst();
      expect(first).toMatchObject({ is: 'taken', manifest: { node: 'b' } });
      const [slow] = await Promise.allSettled([finishSlower()]);
      return { first, slow };
    }

    it.each([
      ['a replica that lags', { isPrimary: false, epoch: 7, txid: 10 }],
      ['a primary that has lost its lease', { isPrimary: true, epoch: 6, txid: 9000 }],
    ])('leaves it at that one at %s', async (_, slower) => {
      const { first, slow } = await overlap(slower);
      expect(slow).toMatchObject({ value: { is: 'theirs', name: first.name } });
      expect(await restore({})).toMatchObject({ name: first.name, passedOver: [] });
    });

    it('is made where it has more', async () => {
      const { slow } = await overlap({ isPrimary: false, epoch: 7, txid: 30 });
      expect(slow).toMatchObject({ value: { is: 'taken' } });
      expect(await restore({})).toMatchObject({ manifest: { node: 'a' }, passedOver: [] });
    });

    it('tells a person that the other one has more', async () => {
      const { first, slow } = await overlap({ isPrimary: true, epoch: 7, txid: 10 }, false);
      const message = expect.stringContaining(`${first.name} was made meanwhile and has more`);
      expect(slow).toMatchObject({ reason: { message } });
      expect(await restore({})).toMatchObject({ name: first.name });
    });
  });

  it('that copied before another, which has more and is finished first, is made and is not the newest', async () => {
    await using one = await startNode({ isPrimary: false });
    await using two = await startNode({ isPrimary: true });
    const setClock = stopClock();
    setClock(0);
    const finishFirst = await beginRun(bringTo(one, 10));
    setClock(1000);
    const second = await runScheduled(bringTo(two, 20, { node: 'b' }));
    expect((await finishFirst()).is).toBe('taken');
    expect(await restore({})).toMatchObject({ name: second.name, passedOver: [] });
  });
});
