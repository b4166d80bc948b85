import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Failure } from '../domain/failure.ts';
import { isSqliteError } from './sqlite-error.ts';

/**
 * Claims a folder for this process until the result is disposed or the process ends, however it ends: the claim
 * is a lock of the kernel on the file `lock`, which stays behind empty.
 *
 * Two processes would damage each other's spool. And SQLite lets two write one database by turns, but the second would make
 * the default domain what its own configuration says, under the feet of the first. Throws `conflict` when another one has the
 * folder, and `unavailable` when this user may not work there; other errors of SQLite pass.
 */
export function claimFolder(folder: string): Disposable {
  const database = openLock(folder);
  try {
    // Nothing is ever written, so no journal needs to lie beside it.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isSqliteError(error, 'BUSY')) throw error;
    throw new Failure('conflict', `another Hoplite works in ${folder}`, {}, error);
  }
  return { [Symbol.dispose]: () => database.close() };
}

function openLock(folder: string): Database.Database {
  const file = join(folder, 'lock');
  try {
    return new Database(file, { timeout: 0 });
  } catch (error) {
    if (!isSqliteError(error, 'CANTOPEN')) throw error;
    const why = `${file} cannot be opened: it and its folder have to belong to the user that Hoplite runs as`;
    throw new Failure('unavailable', why, {}, error);
  }
}
