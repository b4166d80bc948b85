import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import { toBackupName, toManifestKey } from '../../src/backup/backup-name.ts';
import type { BackupStore } from '../../src/backup/backup-store.ts';
import { listBackups } from '../../src/backup/list-backups.ts';
import { pruneBackups } from '../../src/backup/prune-backups.ts';
import { restoreNewest } from '../../src/backup/restore-newest.ts';
import { signDocument } from '../../src/backup/signed-document.ts';
import { addLinks, openTestStore, packInto, SampleDatabases } from '../support/backup-store.ts';
import { TestFolder } from '../support/test-database.ts';

const [oldSecret, newSecret] = ['old '.repeat(10), 'new '.repeat(10)] as const;
const firstLinks = 500;

let samples: SampleDatabases;
const folders: TestFolder[] = [];

beforeAll(() => {
  samples = new SampleDatabases(firstLinks);
});
afterAll(() => {
  samples[Symbol.dispose]();
  for (const folder of folders) folder[Symbol.dispose]();
});

function newFolder(): TestFolder {
  const folder = new TestFolder();
  folders.push(folder);
  return folder;
}

test('clicks of a backup of the old key are not taken over, and where they were they need it', async () => {
  const top = newFolder();
  const at = (...secrets: readonly string[]): BackupStore =>
    openTestStore(top, { keys: new BackupKeys(secrets), encrypt: true });
  const copies = newFolder();
  const links = samples.copy('links', copies);
  const clicks = samples.copy('clicks', copies);
  const before = await packInto(at(oldSecret), { links, clicks });
  await expect(packInto(at(newSecret, oldSecret), { links })).rejects.toThrow(
    'copy both databases again',
  );
  const between = await packInto(at(newSecret, oldSecret), { links, clicks });
  const { databases } = before.manifest;
  const manifest = { ...between.manifest, takenAt: '2999-01-01T00:00:00.000Z', databases };
  const mixed = { name: toBackupName(manifest) };
  await at(newSecret).bucket.write(
    toManifestKey(mixed.name),
    signDocument(manifest, new BackupKeys([newSecret])),
  );
  const folder = join(top.path, 'restored');
  await expect(restoreNewest(at(newSecret), { folder })).rejects.toMatchObject({
    kind: 'other_key',
    message: expect.stringMatching(
      new RegExp(`${mixed.name} needs parts/.*: add that key at its end`),
    ),
  });
  expect(await restoreNewest(at(newSecret, oldSecret), { folder })).toMatchObject({
    name: mixed.name,
    passedOver: [],
  });
});

describe.each([false, true])('changing BACKUP_KEY, with BACKUP_ENCRYPT=%s', (encrypt) => {
  const top = newFolder();
  const at = (...secrets: readonly string[]): BackupStore =>
    openTestStore(top, { keys: new BackupKeys(secrets), encrypt });

  /** A backup after so many more links were made. */
  async function backUp(store: BackupStore, links: number, withClicks = true): Promise<string> {
    const folder = newFolder();
    const copied = samples.copy('links', folder, (database) =>
      addLinks(database, firstLinks + 1, firstLinks + links),
    );
    const files = withClicks
      ? { links: copied, clicks: samples.copy('clicks', folder) }
      : { links: copied };
    return (await packInto(store, files)).name;
  }

  /** The newest backup that can be restored, and how many links it has. */
  async function restore(store: BackupStore) {
    const folder = mkdtempSync(join(top.path, 'restored-'));
    const restored = await restoreNewest(store, { folder });
    return {
      name: restored?.name,
      links: restored?.manifest.databases.links.counts.links,
      passedOver: restored?.passedOver,
    };
  }

  test('no round of it leaves a node that cannot read what another one writes, and then the old key is gone', async () => {
    const [before, first, second, after] = [
      at(oldSecret),
      at(oldSecret, newSecret),
      at(newSecret, oldSecret),
      at(newSecret),
    ];
    await backUp(before, 1);
    // Each round is on some nodes while others are a round behind.
    for (const [writer, readers, links] of [
      [first, [before, first], 2],
      [before, [before, first], 3],
      [second, [first, second], 4],
      [first, [first, second], 5],
      [second, [first, second, after], 6],
    ] as const) {
      const name = await backUp(writer, links);
      for (const reader of readers) {
        expect(await restore(reader)).toEqual({ name, links: firstLinks + links, passedOver: [] });
      }
    }

    // The clicks are those of the backup before, which the new key has stored.
    const name = await backUp(after, 7, false);
    expect(await restore(after)).toEqual({ name, links: firstLinks + 7, passedOver: [] });
    const [newest, ...entries] = await listBackups(after);
    expect(newest?.is).toBe('sound');
    const old = entries.filter(({ is }) => is === 'other_key');
    expect(old).toHaveLength(4);
    for (const entry of old) {
      if (entry.is === 'sound') throw new Error('unreachable');
      expect(entry.fault.message).toContain('which BACKUP_KEY does not hold');
    }

    // A node that was left behind does not go back to the time before.
    await expect(restore(before)).rejects.toMatchObject({ kind: 'other_key' });

    // What the new key cannot read is not taken for waste, and with the old one at its end all is there again.
    expect((await pruneBackups(after)).strange).toHaveLength(4);
    expect((await listBackups(second)).every(({ is }) => is === 'sound')).toBe(true);
  });
});
