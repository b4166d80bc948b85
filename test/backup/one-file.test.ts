import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import { type FileStore, packFile, unpackFile } from '../../src/backup/one-file.ts';
import { signDocument } from '../../src/backup/signed-document.ts';
import { inspectDatabase } from '../../src/storage/inspect-database.ts';
import { snapshotFiles } from '../../src/storage/snapshot-files.ts';
import { openTestStore, SampleDatabases } from '../support/backup-store.ts';
import { readColumn } from '../support/read-column.ts';
import { TestFolder } from '../support/test-database.ts';

const samples = new SampleDatabases(300);
afterAll(() => samples[Symbol.dispose]());

let folder: TestFolder;
let out: string;
let path: string;
let store: FileStore;
beforeEach(() => {
  folder = new TestFolder();
  out = join(folder.path, 'out');
  path = join(folder.path, 'app-backup.db');
  store = { ...openTestStore(folder), files: snapshotFiles };
  return () => folder[Symbol.dispose]();
});

function pack(by = store) {
  const files = samples.copyBoth(folder);
  return packFile(by, { files, node: 'a', clusterId: null, path });
}

const unpack = (by = store, allowUnsigned = false) =>
  unpackFile(by, path, { folder: out, allowUnsigned });

function edit(work: (database: Database.Database) => void): void {
  const database = new Database(path);
  work(database);
  database.close();
}

describe('a backup in one file', () => {
  it('is the links for any SQLite, and gives both databases back', async () => {
    const manifest = await pack();
    expect(readColumn(path, 'SELECT count(*) FROM links')).toEqual([300]);
    expect(readdirSync(folder.path).filter((name) => name.startsWith('app-backup'))).toEqual([
      'app-backup.db',
    ]);

    const unpacked = await unpack();
    expect(unpacked).toEqual({
      manifest,
      isSigned: true,
      files: { links: join(out, 'links.db'), clicks: join(out, 'clicks.db') },
    });
    expect(inspectDatabase(unpacked.files.links)).toEqual(inspectDatabase(folder.file('links.db')));
    const clicks = readFileSync(join(out, 'clicks.db'));
    expect(clicks.equals(readFileSync(folder.file('clicks.db')))).toBe(true);
    expect(readdirSync(out).sort()).toEqual(['clicks.db', 'links.db']);
  });

  it('is for its owner alone, whatever its original is', async () => {
    const files = { links: samples.copy('links', folder) };
    chmodSync(files.links.file, 0o644);
    await packFile(store, { files, node: 'a', clusterId: null, path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o644);
    const unpacked = await unpack();
    expect(statSync(unpacked.files.links).mode & 0o777).toBe(0o600);
  });

  it('takes the place of another one, whole', async () => {
    writeFileSync(path, 'something else');
    await pack();
    expect((await unpack()).isSigned).toBe(true);
  });

  it('is whole where two are made at once', async () => {
    const files = samples.copyBoth(folder);
    const packing = { files, node: 'a', clusterId: null, path, rest: () => setImmediate() };
    await Promise.all([packFile(store, packing), packFile(store, packing)]);
    expect((await unpack()).isSigned).toBe(true);
  });

  it('may be of links alone', async () => {
    await packFile(store, {
      files: { links: samples.copy('links', folder) },
      node: 'a',
      clusterId: null,
      path,
    });
    expect((await unpack()).files).toEqual({ links: join(out, 'links.db') });
  });

  it('of nobody is taken only where that is allowed, and is checked then as well', async () => {
    await pack({ ...store, keys: undefined });
    await expect(unpack()).rejects.toThrow(`${path} is not signed`);
    expect((await unpack(store, true)).isSigned).toBe(false);
    expect((await unpack({ ...store, keys: undefined }, true)).isSigned).toBe(false);
    edit((database) => database.exec(`UPDATE links SET destination = 'https://evil.example/'`));
    await expect(unpack(store, true)).rejects.toThrow('has not the rows that were backed up');
    expect(readdirSync(out)).toEqual(['clicks.db', 'links.db']);
  });

  it('that is signed needs a key that knows the signature', async () => {
    await pack();
    const other = { ...store, keys: new BackupKeys(['another secret, 32 characters long']) };
    await expect(unpack(other)).rejects.toThrow(/is signed with the key [0-9a-f]{16}/);
    await expect(unpack(other, true)).rejects.toThrow(/is signed with the key [0-9a-f]{16}/);
    await expect(unpack({ ...store, keys: undefined })).rejects.toThrow('without BACKUP_KEY');
    expect((await unpack({ ...store, keys: undefined }, true)).isSigned).toBe(false);
  });

  it.each<[string, (database: Database.Database) => void]>([
    [
      'a changed link',
      (it) => it.exec(`UPDATE links SET destination = 'https://evil.example/' WHERE id = 7`),
    ],
    [
      'a link more',
      (it) =>
        it.exec(
          `INSERT INTO links SELECT 999999, domain_id, 'x', 'x', destination, title, redirect_code, forward_query, not_before, expires_at, disabled, blocked, version, created_at, updated_at FROM links WHERE id = 7`,
        ),
    ],
    [
      'a key more',
      (it) =>
        it.exec(
          `INSERT INTO api_keys (name, prefix, secret_hash, created_at) VALUES ('a', 'b', 'c', 1)`,
        ),
    ],
    [
      'a trigger',
      (it) => it.exec('CREATE TRIGGER t AFTER INSERT ON links BEGIN DELETE FROM links; END'),
    ],
    ['a view', (it) => it.exec('CREATE VIEW v AS SELECT 1')],
    [
      'other clicks',
      (it) => it.exec(`UPDATE backup_objects SET body = zeroblob(100) WHERE key LIKE 'parts/%'`),
    ],
    ['no clicks', (it) => it.exec(`DELETE FROM backup_objects WHERE key LIKE 'parts/%'`)],
    [
      'another manifest',
      (it) =>
        it.exec(
          `UPDATE backup_objects SET body = CAST(replace(body, '"epoch":7', '"epoch":8') AS BLOB) WHERE key = 'manifest.json'`,
        ),
    ],
    ['no manifest', (it) => it.exec(`DELETE FROM backup_objects WHERE key = 'manifest.json'`)],
    ['nothing but links', (it) => it.exec('DROP TABLE backup_objects')],
    ['WAL mode', (it) => it.pragma('journal_mode = WAL')],
  ])('with %s is refused, and leaves nothing', async (_, change) => {
    await pack();
    edit(change);
    await expect(unpack()).rejects.toThrow(
      expect.objectContaining({ name: 'SnapshotFault', kind: 'damaged' }),
    );
    expect(readdirSync(folder.path).includes('out') ? readdirSync(out) : []).toEqual([]);
  });

  it.each([false, true])(
    'of a newer release is refused with both versions, unsigned ones allowed: %s',
    async (allowUnsigned) => {
      await pack({ ...store, release: '9.0.0' });
      const older = { ...store, schemas: { ...store.schemas, links: '0001_links.sql' } };
      await expect(unpack(older, allowUnsigned)).rejects.toMatchObject({
        kind: 'newer',
        message: expect.stringMatching(
          /made by Hoplite 9\.0\.0, with the migration 0002_\S+ of links\.db; this is 1\.2\.3/,
        ),
      });
      expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
    },
  );

  it('is not any file', async () => {
    copyFileSync(import.meta.filename, path);
    await expect(unpack()).rejects.toThrow(`${path} is no backup: it is not a SQLite database`);
  });

  it('is no manifest of a bucket', async () => {
    const manifest = await pack();
    const body = Buffer.from(
      signDocument({ ...manifest, kind: 'backup' }, store.keys as BackupKeys),
    );
    edit((database) =>
      database.prepare(`UPDATE backup_objects SET body = ? WHERE key = 'manifest.json'`).run(body),
    );
    await expect(unpack()).rejects.toThrow('is no backup in one file');
  });
});
