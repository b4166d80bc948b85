import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackupStore } from '../../src/app/backup-stores.ts';
import { openBootBackups } from '../../src/app/restore/boot-backups.ts';
import {
  type BootBackups,
  BootRefused,
  restoreOnBoot,
} from '../../src/app/restore/restore-on-boot.ts';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import { readConfig } from '../../src/config.ts';
import type { BackupConfig } from '../../src/config-backup.ts';
import type { LoneBackup } from '../../src/domain/lone-boot.ts';
import { inspectDatabase } from '../../src/storage/inspect-database.ts';
import { migrateUp } from '../../src/storage/migrations/commands.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { packInto } from '../support/backup-store.ts';
import { crashDuring } from '../support/crashing-disk.ts';
import { readDocTable } from '../support/doc-table.ts';
import { recordDisk } from '../support/recorded-disk.ts';
import { linksMigrations, TestFolder, writerOptions } from '../support/test-database.ts';

/** docs/backup.md has what is expected; here is what its words mean. */
const page = readFileSync(join(import.meta.dirname, '../../docs/backup.md'), 'utf8');
const rows = readDocTable(page, 'On a machine alone');

let made: TestFolder;
/** A folder of both databases, in which a node of that name began the newest epoch. */
const madeBy = (node: string, name = '') => join(made.path, node, name);
beforeAll(() => {
  made = new TestFolder();
  for (const node of ['own', 'newest', 'older']) {
    using folder = new TestFolder();
    const journalMode = node === 'own' ? 'wal' : 'delete';
    openWriterSession(writerOptions(folder, { node, journalMode }))[Symbol.dispose]();
    const clicks = new Database(folder.file('clicks.db'));
    clicks.prepare('INSERT INTO click_values (id, value) VALUES (1, ?)').run(node);
    clicks.close();
    cpSync(folder.path, madeBy(node), { recursive: true });
  }
});
afterAll(() => made[Symbol.dispose]());

class Gone extends Error {}
class Rotten extends Error {}
class Full extends Error {}
const unpack = (node: string) => (folder: string) => {
  for (const name of ['links.db', 'clicks.db'])
    copyFileSync(madeBy(node, name), join(folder, name));
};

/** A bucket of backups, newest first. A real one takes this place in test/system. */
function backupsOf(...kept: readonly (string | Error)[]): BootBackups {
  return {
    async restoreNewest(folder) {
      const passedOver: string[] = [];
      for (const each of kept) {
        if (each instanceof Gone || each instanceof Full) throw each;
        if (each instanceof Error) {
          writeFileSync(join(folder, 'links.db'), 'what is left of a damaged one');
          passedOver.push(each.message);
          continue;
        }
        unpack(each)(folder);
        return { name: each, passedOver };
      }
      if (passedOver.length > 0) throw new Rotten(passedOver.join());
      return undefined;
    },
    toLoneBackup(error): LoneBackup | undefined {
      if (error instanceof Gone) return { is: 'unreachable', why: `${error.message}.` };
      if (error instanceof Full) return { is: 'no room', why: `${error.message}.` };
      return error instanceof Rotten ? { is: 'all damaged', why: `${error.message}.` } : undefined;
    },
  };
}

const buckets: Record<string, () => BootBackups | undefined> = {
  'no `BACKUP_URL`': () => undefined,
  none: () => backupsOf(),
  good: () => backupsOf('newest', 'older'),
  'newest damaged': () => backupsOf(new Error('Tuesday is damaged'), 'older'),
  'all damaged': () => backupsOf(new Error('Tuesday is damaged'), new Error('Monday too')),
  unreachable: () => backupsOf(new Gone('nobody answers')),
  'no room': () => backupsOf(new Full('the disk is full'), 'older'),
};

/** Makes what is found. */
const findings: Record<string, (folder: TestFolder) => void> = {
  nothing: () => undefined,
  'a `links.db` of zero bytes': (folder) => writeFileSync(folder.file(), ''),
  'a `links.db` without tables': (folder) => {
    const database = new Database(folder.file());
    database.pragma('journal_mode = WAL');
    database.exec('VACUUM');
    database.close();
    expect(readFileSync(folder.file()).length).toBeGreaterThan(0);
  },
  'a `links.db` that nobody has written to': (folder) => {
    const file = folder.file();
    migrateUp({ file, migrationsDir: linksMigrations, journalMode: 'wal', node: 'own' });
  },
  'a `clicks.db` without its `links.db`': (folder) =>
    copyFileSync(madeBy('own', 'clicks.db'), folder.file('clicks.db')),
  'half of a download': (folder) => {
    mkdirSync(folder.file('restore.new'));
    writeFileSync(folder.file('restore.new/links.db'), 'SQLite format 3');
  },
  'whole files of a restore that broke off': (folder) => {
    mkdirSync(folder.file('restore'));
    unpack('older')(folder.file('restore'));
  },
  'a `links.db` with something in it': (folder) => unpack('own')(folder.path),
  'the same, beside files of a restore': (folder) => {
    unpack('own')(folder.path);
    mkdirSync(folder.file('restore'));
    unpack('newest')(folder.file('restore'));
  },
  'a torn `links.db`': (folder) => {
    unpack('own')(folder.path);
    truncateSync(folder.file(), 8192);
  },
  'a `links.db` of zero bytes, beside its WAL': (folder) => {
    writeFileSync(folder.file(), '');
    writeFileSync(folder.file('links.db-wal'), Buffer.alloc(4152, 1));
  },
  'a torn `clicks.db`': (folder) => {
    unpack('own')(folder.path);
    writeFileSync(folder.file('clicks.db'), Buffer.alloc(4096));
  },
};

const lines: string[] = [];
const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });

/** Boots as the app does, and says in the words of the page what came of it. */
async function boot(folder: TestFolder, backups: BootBackups | undefined): Promise<string> {
  lines.length = 0;
  const before = readdirSync(folder.path).sort();
  try {
    await restoreOnBoot(readConfig({ DATA_DIR: folder.path }), { backups, log });
  } catch (error) {
    if (!(error instanceof BootRefused)) throw error;
    expect(error.message).toMatch(/Not starting empty|Nothing is restored over it/);
    expect(readdirSync(folder.path).sort()).toEqual(
      before.filter((name) => name !== 'restore.new'),
    );
    return `stops ${error.exitCode}`;
  }
  const own = readOwner(folder.file(), 'SELECT node FROM epochs');
  const clicksOf = readOwner(folder.file('clicks.db'), 'SELECT value FROM click_values');
  if (own === 'own') {
    expect(clicksOf).toBe('own');
    return 'starts';
  }
  if (own === undefined) return 'starts empty';
  // Clicks that are there are kept.
  expect(clicksOf).toBe(before.includes('clicks.db') ? 'own' : own);
  expect(readFileSync(folder.file()).subarray(18, 20)).toEqual(Buffer.from([1, 1]));
  if (before.includes('restore')) return 'finishes it';
  if (own === 'newest') return 'restores';
  expect(lines.join('')).toContain('"level":50');
  expect(lines.join('')).toContain('Tuesday is damaged');
  return 'restores the older';
}

function readOwner(file: string, sql: string): string | undefined {
  if (!existsSync(file) || readFileSync(file).length === 0) return undefined;
  const database = new Database(file, { readonly: true });
  try {
    const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
    return tables === 0 ? undefined : (database.prepare(sql).pluck().get() as string);
  } finally {
    database.close();
  }
}

test('the page says for each finding and bucket what comes of it', () => {
  expect(rows.map((row) => row['found in `DATA_DIR`'])).toEqual(Object.keys(findings));
  expect(Object.keys(rows[0] ?? {}).slice(1)).toEqual(Object.keys(buckets));
});

describe.each(Object.keys(findings))('%s', (found) => {
  test.each(Object.keys(buckets))('%s', async (bucket) => {
    using folder = new TestFolder();
    findings[found]?.(folder);
    const outcome = await boot(folder, buckets[bucket]?.());
    expect(outcome).toBe(rows.find((row) => row['found in `DATA_DIR`'] === found)?.[bucket]);
    if (outcome.startsWith('stops')) return;
    expect(existsSync(folder.file('restore'))).toBe(false);
    expect(existsSync(folder.file('restore.unused'))).toBe(
      found.includes('beside files') ||
        (found.includes('without its') && outcome !== 'starts empty'),
    );
    // The app opens it, and the next start finds it full.
    openWriterSession(writerOptions(folder, { node: 'next' }))[Symbol.dispose]();
    await restoreOnBoot(readConfig({ DATA_DIR: folder.path }), {
      backups: backupsOf(new Gone('not asked')),
      log,
    });
  });
});

test.each([
  [
    'of a newer release',
    { release: '99.0.0', schemas: { links: '9000_next.sql', clicks: '0001_clicks.sql' } },
    'was made by Hoplite 99.0.0, with the migration 9000_next.sql of links.db; this is ',
  ],
  [
    'of a key that is not held',
    { keys: new BackupKeys(['another secret of 32 characters, and more']) },
    'which BACKUP_KEY does not hold',
  ],
])('a newest backup %s ends the start with 65, and no older one is taken', async (_, by, words) => {
  using folder = new TestFolder();
  const config = readConfig({
    DATA_DIR: folder.file('data'),
    BACKUP_URL: `file://${folder.file('bucket')}`,
    BACKUP_KEY: 'a key of this test and long enough for all',
  });
  for (const name of ['data', 'bucket']) mkdirSync(folder.file(name));
  const store = openBackupStore(config.backup as BackupConfig);
  const links = (schema: string) => {
    const file = madeBy('newest', 'links.db');
    const facts = { ...inspectDatabase(file), schema };
    return { links: { file, takenAtMs: Date.now(), position: null, facts } };
  };
  await packInto(store, links(store.schemas.links));
  await packInto({ ...store, ...by }, links(('schemas' in by ? by : store).schemas.links));
  const booting = restoreOnBoot(config, { backups: openBootBackups(config), log });
  await expect(booting).rejects.toMatchObject({
    exitCode: 65,
    message: expect.stringMatching(new RegExp(`${words}.* Not starting empty\\.`)),
  });
  expect(readdirSync(config.storage.dataDir)).toEqual([]);
});

describe('a power cut before any change of the disk', () => {
  const files = (folder: TestFolder) => ({
    links: readOwner(folder.file(), 'SELECT node FROM epochs'),
    clicks: readOwner(folder.file('clicks.db'), 'SELECT value FROM click_values'),
  });

  test.each(['a `links.db` without tables', 'half of a download'])(
    'boots again and ends right, where it began with %s',
    async (found) => {
      const bootOnce = (folder: TestFolder) => () =>
        restoreOnBoot(readConfig({ DATA_DIR: folder.path }), {
          backups: backupsOf('newest', 'older'),
          log,
        });
      using whole = new TestFolder();
      findings[found]?.(whole);
      const { changes } = await crashDuring(bootOnce(whole));
      expect(files(whole)).toEqual({ links: 'newest', clicks: 'newest' });
      expect(changes).toBeGreaterThan(15);

      for (let crashBefore = 1; crashBefore <= changes; crashBefore += 1) {
        using folder = new TestFolder();
        findings[found]?.(folder);
        const { crashed } = await crashDuring(bootOnce(folder), crashBefore);
        expect(crashed).toBe(true);
        // All of it or nothing: links are there only with their clicks.
        const { links, clicks } = files(folder);
        if (links !== undefined) expect({ links, clicks }).toEqual(files(whole));
        await bootOnce(folder)();
        expect(files(folder), `after change ${crashBefore}`).toEqual(files(whole));
        expect(readdirSync(folder.path).sort()).toEqual(readdirSync(whole.path).sort());
      }
    },
  );

  test('finds no name of something that was not forced to the disk before', async () => {
    using folder = new TestFolder();
    const boot = () =>
      restoreOnBoot(readConfig({ DATA_DIR: folder.path }), { backups: backupsOf('newest'), log });
    expect(await recordDisk(folder.path, boot)).toEqual([
      'force restore.new/links.db',
      'force restore.new/clicks.db',
      'force restore.new',
      'rename restore.new to restore',
      'force .',
      // What lay beside the old file is gone before the new one is there.
      'force .',
      'rename restore/clicks.db to clicks.db',
      'force .',
      'force .',
      'rename restore/links.db to links.db',
      'force .',
      'force .',
    ]);
  });
});
