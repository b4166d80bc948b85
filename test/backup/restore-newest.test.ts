import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import { toManifestKey } from '../../src/backup/backup-name.ts';
import type { BackupStore } from '../../src/backup/backup-store.ts';
import { findNewest } from '../../src/backup/find-newest.ts';
import { listBackups } from '../../src/backup/list-backups.ts';
import { partBytes } from '../../src/backup/manifest.ts';
import { restoreNewest } from '../../src/backup/restore-newest.ts';
import { signDocument } from '../../src/backup/signed-document.ts';
import { unpackSnapshot } from '../../src/backup/unpack-snapshot.ts';
import {
  addLinks,
  alterBucket,
  openTestStore,
  packInto,
  SampleDatabases,
} from '../support/backup-store.ts';
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

describe('a restore', () => {
  it('does not mix two backups in one folder', async () => {
    await packInto(store, both());
    await restoreNewest(store, { folder: out });
    using other = new TestFolder();
    const elsewhere = openTestStore(other);
    const { name } = await packInto(elsewhere, { links: samples.copy('links', folder) });
    expect((await restoreNewest(elsewhere, { folder: out }))?.name).toBe(name);
    expect(readdirSync(out)).toEqual(['links.db']);
  });

  it('finds nothing in a bucket without backups', async () => {
    expect(await restoreNewest(store, { folder: out })).toBeUndefined();
    expect(existsSync(out)).toBe(false);
  });

  it('takes the newest of a time', async () => {
    const links = (atMs: number) => ({
      links: { ...samples.copy('links', folder), takenAtMs: atMs },
    });
    const now = Date.now();
    const names: string[] = [];
    for (const ageMs of [3_000_000, 2_000_000, 1_000_000]) {
      names.push((await packInto(store, links(now - ageMs), { now: () => now })).name);
    }
    const restored = async (ageMs: number) =>
      (await restoreNewest(store, { folder: out, atMs: now - ageMs }))?.name;
    expect(await restored(0)).toBe(names[2]);
    expect(await restored(1_500_000)).toBe(names[1]);
    expect(await restored(2_500_000)).toBe(names[0]);
    await expect(restored(4_000_000)).rejects.toThrow(
      expect.objectContaining({ kind: 'other', message: expect.stringContaining(names[0] ?? '') }),
    );
  });

  const readManifest = async (name: string) =>
    JSON.parse(Buffer.from((await store.bucket.read(toManifestKey(name))) ?? []).toString());

  it('passes damaged ones over, and says which and why', async () => {
    const first = await packInto(store, both());
    const changed = () =>
      samples.copy('links', folder, (database) => addLinks(database, 20_000, 20_000));
    const second = await packInto(store, { links: changed() });
    const third = await packInto(store, { links: changed() });
    const fourth = await packInto(store, { links: changed() });
    const own = second.manifest.databases.links.parts.find(
      ({ name }) => !first.manifest.databases.links.parts.some((part) => part.name === name),
    );
    await store.bucket.remove([`parts/${own?.name}`]);
    await store.bucket.write(toManifestKey(third.name), Buffer.from('{'));
    const { keyId, signature } = await readManifest(fourth.name);
    const fake = JSON.stringify({ ...fourth.manifest, epoch: 8, keyId, signature });
    await store.bucket.write(toManifestKey(fourth.name), Buffer.from(fake));
    await store.bucket.write('backups/notes.txt', Buffer.from('hello'));

    const restored = await restoreNewest(store, { folder: out });
    expect(restored?.name).toBe(first.name);
    expect(restored?.passedOver).toEqual([
      { name: fourth.name, why: `the backup ${fourth.name} is not as it was signed` },
      { name: third.name, why: `the backup ${third.name} is not JSON` },
      {
        name: second.name,
        why: expect.stringContaining(`needs parts/${own?.name}, which is not there`),
      },
    ]);
    expect((await listBackups(store)).map(({ is }) => is)).toEqual([
      'damaged',
      'damaged',
      'sound',
      'sound',
    ]);
    expect((await listBackups(store, { limit: 1 })).map(({ name }) => name)).toEqual([fourth.name]);
  });

  it('restores no older one in place of one of a key that is not ours', async () => {
    const first = await packInto(store, both());
    const others = new BackupKeys(['another secret of 32 characters, and more']);
    const second = await packInto({ ...store, keys: others }, both());
    const refused = { kind: 'other_key', message: expect.stringContaining(second.name) };
    await expect(restoreNewest(store, { folder: out })).rejects.toMatchObject(refused);
    await expect(findNewest(store)).rejects.toMatchObject(refused);
    expect(existsSync(out)).toBe(false);

    // One of ours whose key id alone is damaged is that.
    await store.bucket.remove([toManifestKey(second.name)]);
    const third = await packInto(store, both());
    const { keyId, signature } = await readManifest(third.name);
    const flipped = `${keyId[0] === 'a' ? 'b' : 'a'}${keyId.slice(1)}`;
    const damaged = JSON.stringify({ ...third.manifest, keyId: flipped, signature });
    await store.bucket.write(toManifestKey(third.name), Buffer.from(damaged));
    expect(await restoreNewest(store, { folder: out })).toMatchObject({
      name: first.name,
      passedOver: [{ name: third.name, why: expect.stringContaining('does not name the key') }],
    });
  });

  it('does not fetch again what is known to be damaged', async () => {
    const links = samples.copy('links', folder);
    const made = [];
    for (let n = 0; n < 5; n += 1) made.push(await packInto(store, { links }));
    const { parts } = made[0]?.manifest.databases.links ?? { parts: [] };
    await store.bucket.write(`parts/${parts.at(-1)?.name}`, Buffer.from('x'));
    let reads = 0;
    const bucket = alterBucket(store.bucket, {
      read(key: string) {
        if (key.startsWith('parts/')) reads += 1;
        return store.bucket.read(key);
      },
    });
    const restored = restoreNewest({ ...store, bucket }, { folder: out });
    await expect(restored).rejects.toThrow(
      /none of the backups in .* can be restored: .* and 2 more/,
    );
    expect(reads).toBe(parts.length);
    expect(readdirSync(out)).toEqual([]);
  });

  it('does not take a first backup that was never finished for nothing', async () => {
    await packInto(store, both());
    const [entry] = await listBackups(store);
    await store.bucket.remove([entry?.key ?? '']);
    await expect(restoreNewest(store, { folder: out })).rejects.toThrow(
      /has \d parts of backups and no backup/,
    );
  });

  it('refuses a manifest under the name of another', async () => {
    const { name, manifest } = await packInto(store, { links: samples.copy('links', folder) });
    const later = name.replace(/^\d{4}/, '2999');
    await store.bucket.write(toManifestKey(later), signDocument(manifest, store.keys));
    const restored = await restoreNewest(store, { folder: out });
    expect(restored?.passedOver).toEqual([
      { name: later, why: `the backup ${later} is signed as ${name}` },
    ]);
  });

  it('stops at a backup of a newer release, and names both versions', async () => {
    await packInto(store, { links: samples.copy('links', folder) });
    const newer = await packInto(
      { ...store, release: '9.0.0' },
      { links: samples.copy('links', folder) },
    );
    const older = { ...store, schemas: { ...store.schemas, links: '0001_links.sql' } };
    await expect(restoreNewest(older, { folder: out })).rejects.toThrow(
      `the backup ${newer.name} was made by Hoplite 9.0.0, with the migration 0002_bulk_idempotency.sql of links.db; this is 1.2.3, which knows up to 0001_links.sql`,
    );
    const body = signDocument({ ...newer.manifest, format: 2 }, store.keys);
    await store.bucket.write(toManifestKey(newer.name), body);
    await expect(restoreNewest(store, { folder: out })).rejects.toThrow(
      `the backup ${newer.name} was made by Hoplite 9.0.0, in format 2; this is 1.2.3`,
    );
    expect((await listBackups(store))[0]?.is).toBe('newer');
    expect(existsSync(out)).toBe(false);
  });

  it('reads backups of an older schema', async () => {
    const { name } = await packInto(store, { links: samples.copy('links', folder) });
    const newer = { ...store, schemas: { ...store.schemas, links: '0003_more.sql' } };
    expect((await restoreNewest(newer, { folder: out }))?.name).toBe(name);
  });

  it.each([
    ['rows that are not there', { counts: { links: 9001 } }, /has 9000 rows of links, not 9001/],
    ['other rows', { contentHash: 'b'.repeat(64) }, /has not the rows that were backed up/],
    ['another schema', { schema: '0001_links.sql' }, /has the schema 0002_bulk_idempotency.sql/],
    ['another file', { sha256: 'b'.repeat(64) }, /does not come to the file/],
    ['another length', { bytes: partBytes }, /does not come to the file/],
    ['no encryption that it has', { encrypted: true }, /cannot be unpacked/],
  ])('refuses a signed manifest that tells of %s', async (_, wrong, sentence) => {
    const { name, manifest } = await packInto(store, { links: samples.copy('links', folder) });
    const { links } = manifest.databases;
    const counts = { ...links.counts, ...('counts' in wrong ? wrong.counts : {}) };
    const lying = {
      ...manifest,
      databases: { links: { ...links, ...wrong, counts }, clicks: null },
    };
    await expect(unpackSnapshot(store, { name, manifest: lying }, { folder: out })).rejects.toThrow(
      sentence,
    );
    expect(readdirSync(out)).toEqual([]);
  });

  it('passes on that the bucket cannot tell, and takes nothing older for it', async () => {
    await packInto(store, both());
    const bucket = alterBucket(store.bucket, {
      read: () => Promise.reject(new Error('gone')),
    });
    await expect(restoreNewest({ ...store, bucket }, { folder: out })).rejects.toThrow('gone');
  });
});
