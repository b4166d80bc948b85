import Database from 'better-sqlite3';

/** Families of SQLite's result codes that callers tell apart (sqlite.org/rescode.html). */
export type SqliteFamily =
  | 'BUSY'
  | 'CANTOPEN'
  | 'CONSTRAINT'
  | 'CONSTRAINT_UNIQUE'
  | 'CORRUPT'
  | 'ERROR'
  | 'FULL'
  | 'IOERR'
  | 'LOCKED'
  | 'NOMEM'
  | 'NOTADB'
  | 'PROTOCOL'
  | 'READONLY'
  | 'READONLY_CANTINIT'
  | 'READONLY_RECOVERY'
  | 'READONLY_ROLLBACK';

/**
 * Whether `error` came from SQLite with a code of one of these families, extended codes included; without
 * families, whether it came from SQLite at all.
 */
export function isSqliteError(error: unknown, ...families: readonly SqliteFamily[]): boolean {
  if (!(error instanceof Database.SqliteError)) return false;
  if (families.length === 0) return true;
  return families.some(
    (family) => error.code === `SQLITE_${family}` || error.code.startsWith(`SQLITE_${family}_`),
  );
}

/**
 * Whether `error` says something about the file that was read. Any other error of SQLite is of this machine: its disk is full or
 * broken, or its memory is used up, and the file may be as good as ever.
 */
export function isFileError(error: unknown): boolean {
  return isSqliteError(error) && !isSqliteError(error, 'CANTOPEN', 'FULL', 'IOERR', 'NOMEM');
}

/**
 * Whether `error` says something about the statement alone: wrong SQL or a broken constraint. Every other
 * error of SQLite concerns the database or its file, hence the whole transaction.
 */
export function isStatementError(error: unknown): boolean {
  return isSqliteError(error, 'CONSTRAINT', 'ERROR');
}
