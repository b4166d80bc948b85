import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { BackupStore } from '../../src/backup/backup-store.ts';
import { listBackups } from '../../src/backup/list-backups.ts';
import { packSnapshot } from '../../src/backup/pack-snapshot.ts';
import { findPrevious } from '../../src/backup/previous-backups.ts';
import { restoreNewest } from '../../src/backup/restore-newest.ts';
import { NoRoom } from '../../src/backup/scratch-folder.ts';
import { unpackSnapshot } from '../../src/backup/unpack-snapshot.ts';
import { inspectDatabase } from '../../src/storage/inspect-database.ts';
import { alterBucket, openTestStore, packInto, SampleDatabases } from '../support/backup-store.ts';
import { TestFolder } from '../support/test-database.ts';

const samples = new SampleDatabases();
afterAll(() => samples[Symbol.dispose]());

let folder: TestFolder;
let out: string;
let store: BackupStore;
beforeEach(() => {
  folder = new TestFolder();
  out = join(folder.path, 'out');
  store = openTestStore(folder);
  return () => folder[Symbol.dispose]();
});

const both = () => samples.copyBoth(folder);

describe('a backup', () => {
  it('gives the very files back that it was made of', async () => {
    const { links, clicks } = both();
    const { name, manifest, sentParts } = await packInto(store, { links, clicks });
    expect(manifest.databases.links.parts.length).toBeGreaterThan(2);
    expect(sentParts).toBe(manifest.databases.links.parts.length + 1);

    const restored = await restoreNewest(store, { folder: out });
    expect(restored).toEqual({
      name,
      manifest,
      files: { links: join(out, 'links.db'), clicks: join(out, 'clicks.db') },
      passedOver: [],
    });
    expect(readdirSync(out).sort()).toEqual(['clicks.db', 'links.db']);
    expect(readFileSync(join(out, 'links.db')).equals(readFileSync(links.file))).toBe(true);
    expect(readFileSync(join(out, 'clicks.db')).equals(readFileSync(clicks.file))).toBe(true);
  });

  it('is not fetched where the disk has no room for it', async () => {
    const { name, manifest } = await packInto(store, both());
    const { links, clicks } = manifest.databases;
    const huge = { ...manifest, databases: { links: { ...links, bytes: 2 ** 52 }, clicks } };
    const bucket = alterBucket(store.bucket, { read: () => Promise.reject(new Error('fetched')) });
    const unpacking = unpackSnapshot(
      { ...store, bucket },
      { name, manifest: huge },
      { folder: out },
    );
    await expect(unpacking).rejects.toThrow(NoRoom);
    expect(readdirSync(out)).toEqual([]);
  });

  it('says what it holds', async () => {
    const { links, clicks } = both();
    const position = { txid: '00000000000000ff', checksum: '8000000000000001' };
    const { manifest } = await packInto(
      store,
      { links: { ...links, position: position as typeof links.position }, clicks },
      { node: 'ams 1', clusterId: 'LFSC0123456789ABCDEF' },
    );
    expect(manifest).toMatchObject({
      kind: 'backup',
      node: 'ams 1',
      clusterId: 'LFSC0123456789ABCDEF',
      release: '1.2.3',
      epoch: 7,
      databases: {
        links: {
          position,
          schema: '0002_bulk_idempotency.sql',
          contentHash: links.facts.contentHash,
        },
        clicks: { position: null, counts: { click_totals: 1 } },
      },
    });
    const [entry] = await listBackups(store);
    expect(entry).toMatchObject({ is: 'sound', node: 'ams_1', manifest });
  });

  it('sends again only what has changed', async () => {
    const first = await packInto(store, both());
    const links = samples.copy('links', folder, (database) =>
      database.exec(`UPDATE links SET destination = 'https://example.com/' WHERE id = 1`),
    );
    const second = await packInto(store, { links });
    expect(second.sentParts).toBe(1);
    expect(second.manifest.databases.clicks).toEqual(first.manifest.databases.clicks);
    await restoreNewest(store, { folder: out });
    expect(inspectDatabase(join(out, 'links.db'))).toEqual(links.facts);
    expect(existsSync(join(out, 'clicks.db'))).toBe(true);
  });

  it('never writes an object that another one has written', async () => {
    const first = await packInto(store, both());
    const second = await packInto(store, both(), {
      previous: { seenAtMs: Date.now(), sound: [], unsound: [] },
    });
    const names = ({ manifest }: typeof first) =>
      manifest.databases.links.parts.map(({ name }) => name);
    expect(second.sentParts).toBe(first.sentParts);
    expect(names(second).filter((name) => names(first).includes(name))).toEqual([]);
  });

  it('has times of the clock of the bucket', async () => {
    const hours = 7 * 3_600_000;
    const now = () => Date.now() + hours;
    const links = samples.copy('links', folder, () => {}, now() - 5000);
    const { manifest } = await packInto(store, { links }, { now });
    const ageMs = Date.now() - Date.parse(manifest.takenAt);
    expect(ageMs).toBeGreaterThanOrEqual(5000);
    expect(ageMs).toBeLessThan(hours);
  });

  it('is newer than the one before, also when the clock of the bucket was ahead', async () => {
    const year = 365 * 24 * 3_600_000;
    const links = samples.copy('links', folder);
    const ahead = alterBucket(store.bucket, { nowMs: async () => Date.now() + year });
    const first = await packInto({ ...store, bucket: ahead }, { links });
    const second = await packInto(store, { links });
    const tookMs = (it: typeof first) => Date.parse(it.manifest.takenAt) - links.takenAtMs;
    expect(tookMs(first)).toBeGreaterThanOrEqual(year);
    expect(tookMs(second)).toBe(tookMs(first) + 1);
    expect(Date.parse(second.manifest.databases.links.takenAt)).toBeLessThan(Date.now() + 1000);
    expect((await restoreNewest(store, { folder: out }))?.name).toBe(second.name);
  });

  it('takes the links over when only clicks were copied, and is the newest then', async () => {
    const first = await packInto(store, both());
    const second = await packInto(store, {
      clicks: samples.copy('clicks', folder, (database) =>
        database.exec('UPDATE click_totals SET clicks = 6'),
      ),
    });
    expect(second.sentParts).toBe(1);
    expect(second.name > first.name).toBe(true);
    expect(second.manifest.databases.links).toEqual(first.manifest.databases.links);
    expect((await restoreNewest(store, { folder: out }))?.name).toBe(second.name);
  });

  it('of clicks alone is none', async () => {
    await expect(packInto(store, { clicks: samples.copy('clicks', folder) })).rejects.toThrow(
      'has no links to go with these clicks',
    );
  });

  it('of another fleet keeps this one out, and one of a machine alone does not', async () => {
    const links = samples.copy('links', folder);
    const one = 'LFSC0000000000000001';
    const other = 'LFSC0000000000000002';
    await packInto(store, { links }, { clusterId: one });
    await expect(packInto(store, { links }, { clusterId: other })).rejects.toThrow(
      new RegExp(`has backups of the cluster ${one}, and this node is of ${other}`),
    );
    expect(await listBackups(store)).toHaveLength(1);
    await packInto(store, { links }, { clusterId: null });
    await packInto(store, { links }, { clusterId: other });
  });

  it('that took six hours is not finished', async () => {
    const links = samples.copy('links', folder);
    const previous = { seenAtMs: Date.now() - 6 * 3_600_000 - 1, sound: [], unsound: [] };
    await expect(packInto(store, { links }, { previous })).rejects.toThrow(/took 360 minutes/);
    expect(await listBackups(store)).toEqual([]);
  });

  it('notices parts that are lost, where it looks for them', async () => {
    const first = await packInto(store, both());
    const [lost] = first.manifest.databases.links.parts;
    await store.bucket.remove([`parts/${lost?.name}`]);
    expect((await packInto(store, both())).sentParts).toBe(0);
    const clicks = samples.copy('clicks', folder);
    await expect(packInto(store, { clicks }, { lookForParts: true })).rejects.toThrow(
      `has lost parts/${lost?.name}`,
    );
    const healed = await packInto(store, both(), { lookForParts: true });
    expect(healed.sentParts).toBe(1);
    expect((await restoreNewest(store, { folder: out }))?.name).toBe(healed.name);
  });

  it('ends when it is told to, and is not to be seen', async () => {
    const previous = await findPrevious(store);
    const packing = { files: both(), node: 'a', clusterId: null, previous };
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(packSnapshot(store, { ...packing, signal })).rejects.toThrow('enough');
    expect(await listBackups(store)).toEqual([]);
  });
});
