import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import { toManifestKey } from '../../src/backup/backup-name.ts';
import type { BackupStore } from '../../src/backup/backup-store.ts';
import { findBackups, listBackups } from '../../src/backup/list-backups.ts';
import type { PackedBackup } from '../../src/backup/pack-snapshot.ts';
import { pruneBackups } from '../../src/backup/prune-backups.ts';
import { signDocument } from '../../src/backup/signed-document.ts';
import { listVerified, recordVerified } from '../../src/backup/verified-backups.ts';
import { alterBucket, openTestStore, packInto } from '../support/backup-store.ts';
import { TestFolder } from '../support/test-database.ts';
import { TimedBucket } from '../support/timed-bucket.ts';

const hourMs = 3_600_000;
const startMs = Date.parse('2026-11-01T00:30:00.000Z');

let folder: TestFolder;
let store: BackupStore;
let bucket: TimedBucket;
beforeEach(() => {
  folder = new TestFolder();
  const opened = openTestStore(folder);
  bucket = new TimedBucket(folder.file('bucket'), startMs);
  store = { ...opened, bucket };
});
afterEach(() => folder[Symbol.dispose]());

/** A backup of a file with this content, taken now by the clock of the bucket. */
function pack(content: string, takenAtMs = bucket.atMs): Promise<PackedBackup> {
  const file = folder.file('file.db');
  writeFileSync(file, content);
  const facts = {
    schema: '0001_links.sql',
    epoch: 1,
    origin: null,
    counts: {},
    contentHash: 'a'.repeat(64),
  };
  const links = { file, takenAtMs, position: null, facts };
  return packInto(store, { links }, { now: () => bucket.atMs });
}

/** One an hour, each with a part of its own; gives them in their order. */
async function packHourly(count: number): Promise<PackedBackup[]> {
  const packed: PackedBackup[] = [];
  for (let n = 0; n < count; n += 1) {
    packed.push(await pack(`content ${n}`));
    bucket.atMs += hourMs;
  }
  return packed;
}

/** Has the parts of a backup stored that does not come to its manifest. */
async function beginUpload(content: string): Promise<void> {
  const whole = store;
  const write: typeof bucket.write = (key, body) =>
    key.startsWith('backups/') ? Promise.reject(new Error('power')) : bucket.write(key, body);
  store = { ...store, bucket: alterBucket(bucket, { write }) };
  await expect(pack(content)).rejects.toThrow('power');
  store = whole;
}

const listedNames = async () => (await findBackups(store)).places.map(({ name }) => name);
const partKeys = async () => (await bucket.list('parts/')).map(({ key }) => key);
const partOf = ({ manifest }: PackedBackup) => `parts/${manifest.databases.links.parts[0]?.name}`;

describe('pruning', () => {
  it('removes what is no longer kept, and its parts', async () => {
    const packed = await packHourly(30);
    bucket.atMs += 24 * hourMs;
    const pruned = await pruneBackups(store);
    expect(pruned).toMatchObject({ backups: 5, parts: 5, kept: 25, strange: [] });
    expect(pruned.bytes).toBeGreaterThan(0);
    expect(await listedNames()).toEqual(
      packed
        .slice(5)
        .map(({ name }) => name)
        .toReversed(),
    );
    expect(await partKeys()).toEqual(packed.slice(5).map(partOf).toSorted());
    expect(await pruneBackups(store)).toMatchObject({ backups: 0, parts: 0, kept: 25 });
  });

  it('leaves alone what was stored within a day, however old it says it is', async () => {
    const packed: PackedBackup[] = [];
    for (let n = 30; n > 0; n -= 1)
      packed.push(await pack(`content ${n}`, bucket.atMs - n * hourMs));
    bucket.atMs += 24 * hourMs - 1;
    expect(await pruneBackups(store)).toMatchObject({ backups: 0, parts: 0, kept: 30 });
    bucket.atMs += 1;
    expect(await pruneBackups(store)).toMatchObject({ backups: 5, parts: 5, kept: 25 });
  });

  it('keeps the parts that others need', async () => {
    const shared = await pack('shared');
    bucket.atMs += hourMs;
    await packHourly(29);
    await pack('shared');
    bucket.atMs += 25 * hourMs;
    expect((await pruneBackups(store)).backups).toBeGreaterThan(0);
    expect(await listedNames()).not.toContain(shared.name);
    // It was sent again, since the backups just before did not have it.
    expect(await partKeys()).not.toContain(partOf(shared));
  });

  it('removes parts of uploads that were never finished, after a day', async () => {
    await pack('a');
    await beginUpload('b');
    expect(await partKeys()).toHaveLength(2);
    bucket.atMs += 24 * hourMs - 1;
    expect(await pruneBackups(store)).toMatchObject({ backups: 0, parts: 0 });
    bucket.atMs += 1;
    expect(await pruneBackups(store)).toMatchObject({ backups: 0, parts: 1 });
    expect(await listBackups(store)).toHaveLength(1);
  });

  it('leaves an upload alone where this machine is days ahead of the clock that stamps what is stored', async () => {
    const packed = await pack('a');
    await beginUpload('b');
    await recordVerified(store, packed, { node: 'a' });
    const nowMs = async () => bucket.atMs + 72 * hourMs;
    const ahead = { ...store, bucket: alterBucket(bucket, { nowMs }) };
    expect(await pruneBackups(ahead)).toMatchObject({ backups: 0, parts: 0 });
    expect(await partKeys()).toHaveLength(2);
  });

  it('never removes the newest verified one', async () => {
    const packed = await packHourly(30);
    const [oldest, second] = packed as [PackedBackup, PackedBackup];
    await recordVerified(store, oldest, { node: 'a' });
    await recordVerified(store, second, { node: 'a' });
    bucket.atMs += 25 * hourMs;
    await pruneBackups(store);
    expect(await listedNames()).toContain(second.name);
    expect(await listedNames()).not.toContain(oldest.name);
    expect((await listVerified(store)).map(({ name }) => name)).toEqual([second.name]);
  });

  it('takes nobody at his word that a backup was verified', async () => {
    const packed = await packHourly(30);
    const [first, second, third] = packed as [PackedBackup, PackedBackup, PackedBackup];
    const forged = { ...store, keys: new BackupKeys(['another secret, 32 characters long']) };
    await recordVerified(forged, first, { node: 'a' });
    const other = { ...second.manifest, epoch: 8 };
    await recordVerified(store, { name: second.name, manifest: other }, { node: 'a' });
    const body = await bucket.read(`verified/${second.name}.json`);
    await bucket.write(`verified/${third.name}.json`, body as Uint8Array);
    expect((await listVerified(store)).map(({ name }) => name)).toEqual([second.name]);
    bucket.atMs += 25 * hourMs;
    expect(await pruneBackups(store)).toMatchObject({ backups: 5 });
    expect(await bucket.list('verified/')).toEqual([]);
  });

  it('names what is strange, and removes neither it nor the parts that it names', async () => {
    const packed = await packHourly(30);
    const [torn, foreign, newer] = packed as [PackedBackup, PackedBackup, PackedBackup];
    const whole = Buffer.from((await bucket.read(toManifestKey(torn.name))) as Uint8Array);
    await bucket.write(toManifestKey(torn.name), whole.subarray(0, whole.length - 40));
    const keys = new BackupKeys(['another secret, 32 characters long']);
    await bucket.write(toManifestKey(foreign.name), signDocument(foreign.manifest, keys));
    const ahead = signDocument({ ...newer.manifest, format: 2 }, store.keys);
    await bucket.write(toManifestKey(newer.name), ahead);
    await bucket.write('backups/readme.txt', Buffer.from('hello'));
    await bucket.write('parts/readme.txt', Buffer.from('hello'));
    bucket.atMs += 25 * hourMs;

    const pruned = await pruneBackups(store);
    expect(pruned).toMatchObject({ backups: 2, parts: 2 });
    expect(pruned.strange).toEqual([
      'backups/readme.txt is no backup',
      expect.stringMatching(new RegExp(`${newer.name} was made by .*in format 2`)),
      expect.stringContaining(`${foreign.name} is signed with the key`),
      expect.stringContaining(`${torn.name} is not JSON`),
      'parts/readme.txt is no part of a backup',
    ]);
    const there = await partKeys();
    expect(there).toEqual(expect.arrayContaining([torn, foreign, newer].map(partOf)));
    expect(there).toContain('parts/readme.txt');
  });

  it('removes no parts while another one prunes', async () => {
    const packed = await packHourly(30);
    bucket.atMs += 25 * hourMs;
    const [first] = packed as [PackedBackup];
    const racing = alterBucket(bucket, {
      read: async (key) => (key === toManifestKey(first.name) ? undefined : bucket.read(key)),
    });
    expect(await pruneBackups({ ...store, bucket: racing })).toMatchObject({
      backups: 4,
      parts: 0,
    });
    expect(await partKeys()).toHaveLength(30);
    expect(await pruneBackups(store)).toMatchObject({ backups: 1, parts: 5 });
  });
});
