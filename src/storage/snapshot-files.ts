import { closeSync, fchmodSync, openSync, readSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { DatabaseFault } from '../domain/database-facts.ts';
import type { SnapshotFile, SnapshotFiles } from '../domain/snapshot-file.ts';
import { findFaultOfHeader } from './sound-file.ts';
import { isFileError } from './sqlite-error.ts';

/** Not of links, so it is taken out before they are used. */
const table = 'backup_objects';

const pieceBytes = 2 ** 20;

/** Backups in one file, as SQLite keeps them. */
export const snapshotFiles: SnapshotFiles = {
  create(linksFile, path) {
    copyPrivately(linksFile, path);
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
    copyPrivately(path, linksFile);
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

/** For its owner alone from the first byte on: there are hashes of keys in it. Node's own copy gets the mode of the original. */
function copyPrivately(from: string, to: string): void {
  const source = openSync(from, 'r');
  try {
    const target = openSync(to, 'w', 0o600);
    try {
      // One that was there keeps its mode otherwise.
      fchmodSync(target, 0o600);
      const piece = Buffer.alloc(pieceBytes);
      for (;;) {
        const length = readSync(source, piece);
        if (length === 0) return;
        for (let at = 0; at < length; ) at += writeSync(target, piece, at, length - at);
      }
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

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
  if (!isFileError(error)) return error;
  return new DatabaseFault(`it cannot be read: ${(error as Error).message}`, { cause: error });
}
