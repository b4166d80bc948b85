import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeLinks } from '../../scripts/bench/links.ts';
import { restoreNewest } from '../../src/backup/restore-newest.ts';
import { expectBackups, openBackupStore } from '../../src/cli/backup/open-store.ts';
import { takeBackup } from '../../src/cli/backup/take-backup.ts';
import { readConfig } from '../../src/config.ts';
import { TestFolder } from '../support/test-database.ts';

const { signal } = new AbortController();
const [oldSecret, newSecret] = ['old '.repeat(10), 'new '.repeat(10)] as const;

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
});
