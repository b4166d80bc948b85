import { copyFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { DatabaseFault } from '../domain/database-facts.ts';
import type { SnapshotFile, SnapshotFiles } from '../domain/snapshot-file.ts';
import { findFaultOfHeader } from './sound-file.ts';
import { isSqliteError } from './sqlite-error.ts';

/** Not of links, so it is taken out before they are used. */
const table = 'backup_objects';

/** Backups in one file, as SQLite keeps them. */
export const snapshotFiles: SnapshotFiles = {
  create(linksFile, path) {
    copyFileSync(linksFile, path);
    const database = new Database(path);
    // Nobody else sees the file before it is whole and synced.
    database.pragma('journal_mode = MEMORY');
    database.pragma('synchronous = OFF');
    database.exec(`CREATE TABLE ${table} (key TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT`);
    return toSnapshotFile(database);
  },

  open(path) {
    expectWhole(path);
    return toSnapshotFile(new Database(path, { readonly: true, fileMustExist: true }));
  },

  extractLinks(path, linksFile) {
    expectWhole(path);
    copyFileSync(path, linksFile);
    const database = new Database(linksFile);
    try {
      database.pragma('journal_mode = MEMORY');
      database.pragma('synchronous = OFF');
      database.pragma('trusted_schema = OFF');
      database.exec(`DROP TABLE IF EXISTS ${table}`);
      database.exec('VACUUM');
    } catch (error) {
      throw toFault(error);
    } finally {
      database.close();
    }
  },
};

function expectWhole(path: string): void {
  const fault = findFaultOfHeader(path);
  if (fault !== undefined) throw new DatabaseFault(fault);
}

function toSnapshotFile(database: Database.Database): SnapshotFile {
  return {
    write(key, body) {
      database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`).run(key, Buffer.from(body));
    },
    read(key) {
      try {
        const isThere = database
          .prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`)
          .get(table);
        if (isThere === undefined) return undefined;
        return database.prepare(`SELECT body FROM ${table} WHERE key = ?`).pluck().get(key) as
          | Uint8Array
          | undefined;
      } catch (error) {
        throw toFault(error);
      }
    },
    [Symbol.dispose]: () => database.close(),
  };
}

function toFault(error: unknown): unknown {
  if (!isSqliteError(error)) return error;
  return new DatabaseFault(`it cannot be read: ${(error as Error).message}`, { cause: error });
}
