import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { Failure } from '../domain/failure.ts';

/** WAL alone; DELETE on LiteFS (docs/facts.md, "WAL loses commits that it reported"). */
export type JournalMode = 'wal' | 'delete';

/**
 * How long opening and migrating wait for a lock, milliseconds: on LiteFS a node that joins holds one while it reads
 * its snapshot. They wait in a thread or program of their own.
 */
const lockTimeoutMs = 10_000;

/**
 * Opens a database for writing and creates it when there is none.
 * Throws `conflict` when the file is in WAL mode and must not be; SQLite's errors pass.
 */
export function openWritable(options: {
  readonly file: string;
  readonly journalMode: JournalMode;
}): Database.Database {
  mkdirSync(dirname(options.file), { recursive: true });
  const database = new Database(options.file, { timeout: lockTimeoutMs });
  try {
    setJournalMode(database, options);
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('trusted_schema = OFF');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * NOTE: never from WAL to DELETE: LiteFS leaves page 1 out of that transaction, and every replica ends
 * and cannot start again (docs/facts.md, "WAL has no way back").
 */
function setJournalMode(
  database: Database.Database,
  { file, journalMode }: { readonly file: string; readonly journalMode: JournalMode },
): void {
  const current = database.pragma('journal_mode', { simple: true });
  if (current === journalMode) return;
  if (current === 'wal') {
    throw new Failure(
      'conflict',
      `${file} is in WAL mode, which loses acknowledged commits on LiteFS. ` +
        'Copy it with VACUUM INTO, which writes a file in DELETE mode, and import the copy.',
    );
  }
  database.pragma(`journal_mode = ${journalMode}`);
}
