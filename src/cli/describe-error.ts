import { isDiskFull } from '../backup/full-disk.ts';
import { NoRoom } from '../backup/scratch-folder.ts';
import { ConfigError } from '../config.ts';
import { Failure } from '../domain/failure.ts';
import { isPathError } from '../path-error.ts';
import { MigrationError } from '../storage/migrations/migration-error.ts';
import { isSqliteError } from '../storage/sqlite-error.ts';
import { Refusal } from './refusal.ts';

/** What stderr says of an error that ends a command: words for what is expected, the stack of a defect. */
export function describeError(error: unknown): string {
  if (error instanceof ConfigError) {
    return `the environment has mistakes:\n${error.message.replace(/^/gm, '  ')}`;
  }
  const isExpected =
    error instanceof Refusal ||
    error instanceof MigrationError ||
    error instanceof Failure ||
    error instanceof NoRoom;
  if (isExpected) return error.message;
  if (!(error instanceof Error)) return String(error);
  if (isPathError(error)) return error.message;
  if (isSqliteError(error)) return `the database cannot be used: ${describeSqlite(error)}`;
  if (isDiskFull(error)) return `a disk or a quota is full: ${error.message}`;
  return error.stack ?? error.message;
}

/** An error of SQLite with its code, which tells apart what the same words can mean. */
export function describeSqlite(error: Error): string {
  return 'code' in error ? `${error.message} (${error.code})` : error.message;
}
