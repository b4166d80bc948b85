import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import type { BackupStore } from '../../src/backup/backup-store.ts';
import type { Bucket } from '../../src/backup/bucket/bucket.ts';
import { FolderBucket } from '../../src/backup/bucket/folder-bucket.ts';
import type { CopiedFile } from '../../src/backup/copied-file.ts';
import { type PackedBackup, packSnapshot } from '../../src/backup/pack-snapshot.ts';
import { findPrevious } from '../../src/backup/previous-backups.ts';
import type { DatabaseName } from '../../src/domain/database-name.ts';
import { inspectDatabase } from '../../src/storage/inspect-database.ts';
import { migrateUp } from '../../src/storage/migrations/commands.ts';
import { clicksMigrations, linksMigrations, TestFolder } from './test-database.ts';

/** Backups in a folder of a test, as this release makes and reads them. */
export function openTestStore(folder: TestFolder, given: Partial<BackupStore> = {}): BackupStore {
  const path = join(folder.path, 'bucket');
  mkdirSync(path, { recursive: true });
  return {
    bucket: new FolderBucket(path),
    keys: new BackupKeys(['a secret of this test, 32 characters']),
    encrypt: false,
    release: '1.2.3',
    schemas: { links: '0002_bulk_idempotency.sql', clicks: '0001_clicks.sql' },
    inspect: inspectDatabase,
    ...given,
  };
}

/** A bucket of which some calls do something else. */
export function alterBucket(bucket: Bucket, other: Partial<Bucket>): Bucket {
  return {
    name: bucket.name,
    list: (prefix, signal) => bucket.list(prefix, signal),
    read: (key, signal) => bucket.read(key, signal),
    write: (key, body, signal) => bucket.write(key, body, signal),
    remove: (keys, signal) => bucket.remove(keys, signal),
    nowMs: (signal) => bucket.nowMs(signal),
    ...other,
  };
}

/** Copies of both databases in DELETE mode, made once and copied for each test: links of some parts, clicks of one. */
export class SampleDatabases implements Disposable {
  readonly #folder = new TestFolder();

  constructor(linkCount = 9000) {
    const migrate = (name: DatabaseName, migrationsDir: string) =>
      migrateUp({ file: this.#file(name), migrationsDir, journalMode: 'delete', node: 'test' });
    migrate('links', linksMigrations);
    migrate('clicks', clicksMigrations);
    edit(this.#file('links'), (links) => {
      links.exec(`INSERT INTO domains VALUES (1, 'go.example.com', 'insensitive', 1);
        INSERT INTO epochs VALUES (7, 'a', 1)`);
      addLinks(links, 1, linkCount);
    });
    edit(this.#file('clicks'), (clicks) =>
      clicks.exec(`INSERT INTO click_totals VALUES (1, 1, 5, 0, 3, 0)`),
    );
  }

  /** Puts a database into a folder, as a copy that is ready to be packed. */
  copy(
    name: DatabaseName,
    folder: TestFolder,
    change: (database: Database.Database) => void = () => {},
    takenAtMs = Date.now(),
  ): CopiedFile {
    const file = folder.file(`${name}.db`);
    copyFileSync(this.#file(name), file);
    edit(file, change);
    return { file, takenAtMs, position: null, facts: inspectDatabase(file) };
  }

  /** The same of both. */
  copyBoth(folder: TestFolder): Record<DatabaseName, CopiedFile> {
    return { links: this.copy('links', folder), clicks: this.copy('clicks', folder) };
  }

  #file(name: DatabaseName): string {
    return this.#folder.file(`${name}.db`);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

/** Adds links whose ids are `from` to `to`. */
export function addLinks(database: Database.Database, from: number, to: number): void {
  database
    .prepare(
      `WITH RECURSIVE ids (id) AS (SELECT @from UNION ALL SELECT id + 1 FROM ids WHERE id < @to)
       INSERT INTO links (id, domain_id, slug, slug_key, destination, redirect_code, forward_query,
         disabled, blocked, version, created_at, updated_at)
       SELECT id, 1, 'slug' || id, 'slug' || id, 'https://example.com/' || hex(randomblob(60)), 302,
         0, 0, 0, 1, id, id FROM ids`,
    )
    .run({ from: BigInt(from), to: BigInt(to) });
}

/** Packs copies as node `a` of no cluster does, after a look at what is there. */
export async function packInto(
  store: BackupStore,
  files: Partial<Record<DatabaseName, CopiedFile>>,
  given: Partial<Parameters<typeof packSnapshot>[1]> = {},
): Promise<PackedBackup> {
  const previous = await findPrevious(store);
  return packSnapshot(store, { files, node: 'a', clusterId: null, previous, ...given });
}

function edit(file: string, work: (database: Database.Database) => void): void {
  const database = new Database(file);
  database.pragma('journal_mode = MEMORY');
  database.pragma('synchronous = OFF');
  work(database);
  database.close();
}
