import { closeSync, openSync, readSync } from 'node:fs';
import Database from 'better-sqlite3';
import { Failure } from '../domain/failure.ts';
import { sizeOfFiles } from './file-sizes.ts';
import { ledgerTable } from './migrations/ledger.ts';
import { isSqliteError } from './sqlite-error.ts';

/**
 * What the file of a database of a node alone is:
 * - `absent`: there is none, or one of no bytes, which SQLite makes before it writes anything;
 * - `empty`: a database, and nobody has ever written anything to its tables, if it has some;
 * - `full`: it holds something;
 * - `damaged`: it cannot be told what it held, and `why` says so in words.
 */
export type DatabaseState =
  | { readonly is: 'absent' | 'empty' | 'full' }
  | { readonly is: 'damaged'; readonly why: string };

/** Where the number of pages before the transaction stands in a rollback journal, after its magic (sqlite.org/fileformat.html, 3). */
const journalPagesOffset = 16;
/** A WAL without a frame is its header (sqlite.org/fileformat.html, 4.1). */
const walHeaderBytes = 32;

/**
 * Looks what a file of links or clicks holds, before anything opens it for good. Whoever calls this has the folder for
 * itself: SQLite ends here what a crash left half done. Throws a `Failure` where this user may not open it, and what the disk throws.
 */
export function findDatabaseState(file: string): DatabaseState {
  const bytes = sizeOfFiles(file);
  if (bytes === 0) {
    // NOTE: SQLite would delete both without a word, since it finds nothing that they belong to.
    const beside = findContentBeside(file);
    return beside === undefined
      ? { is: 'absent' }
      : { is: 'damaged', why: `${file} is empty or gone, and ${beside} is there` };
  }
  try {
    using database = openExisting(file);
    return { is: judge(database) };
  } catch (error) {
    if (isSqliteError(error, 'CANTOPEN', 'READONLY')) throw notOurs(file, error);
    if (!(error instanceof Strange || isSqliteError(error, 'NOTADB', 'CORRUPT'))) throw error;
    return { is: 'damaged', why: `${file}: ${(error as Error).message}` };
  }
}

function notOurs(file: string, error: unknown): Failure {
  return new Failure(
    'unavailable',
    `${file} cannot be opened: it, its folder and what lies beside it have to belong to the user that Hoplite runs as`,
    {},
    error,
  );
}

class Strange extends Error {}

function judge(database: Database.Database): 'empty' | 'full' {
  const tables = database
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
    )
    .pluck()
    .all() as string[];
  if (tables.length === 0) return 'empty';
  if (!tables.includes(ledgerTable)) throw new Strange('it is no database of Hoplite');
  const own = tables.filter((name) => name !== ledgerTable);
  if (own.length === 0 && hasRow(database, ledgerTable)) {
    throw new Strange('it was migrated, and its tables are gone');
  }
  return own.some((name) => hasRow(database, name)) ? 'full' : 'empty';
}

function hasRow(database: Database.Database, table: string): boolean {
  return database.prepare(`SELECT 1 FROM "${table}" LIMIT 1`).get() !== undefined;
}

/** A WAL with a transaction, or a rollback journal of a database that had pages. */
function findContentBeside(file: string): string | undefined {
  if (sizeOfFiles(`${file}-wal`) > walHeaderBytes) return `${file}-wal`;
  const journal = readStart(`${file}-journal`, journalPagesOffset + 4);
  const pages = journal?.readUInt32BE(journalPagesOffset) ?? 0;
  return pages > 0 ? `${file}-journal` : undefined;
}

function openExisting(file: string): Database.Database & Disposable {
  const database = new Database(file, { fileMustExist: true });
  return Object.assign(database, { [Symbol.dispose]: () => void database.close() });
}

function readStart(file: string, bytes: number): Buffer | undefined {
  if (sizeOfFiles(file) < bytes) return undefined;
  const start = Buffer.alloc(bytes);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, start, 0, bytes, 0);
    return start;
  } finally {
    closeSync(fd);
  }
}
