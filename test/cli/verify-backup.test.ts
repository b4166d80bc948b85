import { afterAll, beforeEach, expect, it } from 'vitest';
import type { BackupStore } from '../../src/backup/backup-store.ts';
import { listVerified } from '../../src/backup/verified-backups.ts';
import { verifyBackup } from '../../src/cli/backup/verify-backup.ts';
import { readConfig } from '../../src/config.ts';
import { openTestStore, packInto, SampleDatabases } from '../support/backup-store.ts';
import { TestFolder } from '../support/test-database.ts';

const { signal } = new AbortController();
const samples = new SampleDatabases(20);
afterAll(() => samples[Symbol.dispose]());

let folder: TestFolder;
let store: BackupStore;
beforeEach(() => {
  folder = new TestFolder();
  store = openTestStore(folder);
  return () => folder[Symbol.dispose]();
});

const verify = () => verifyBackup(readConfig({ DATA_DIR: folder.file('data') }), store, { signal });

it('a backup that was tried and is good is written down as that', async () => {
  const { name } = await packInto(store, { links: samples.copy('links', folder) });
  expect(await verify()).toMatchObject({ backup: { name }, followed: 20 });
  expect((await listVerified(store)).map((verified) => verified.name)).toEqual([name]);
});

it('one whose links do not redirect is not good, though every byte is what was backed up', async () => {
  const links = samples.copy('links', folder, (database) =>
    database.exec(`UPDATE links SET slug_key = 'x' || slug_key WHERE id = 20`),
  );
  const { name } = await packInto(store, { links });
  await expect(verify()).rejects.toMatchObject({
    kind: 'damaged',
    message: expect.stringMatching(
      new RegExp(`^the backup ${name} does not redirect: /slug20 answers 404 instead of 302 to `),
    ),
  });
  expect(await listVerified(store)).toEqual([]);
});
