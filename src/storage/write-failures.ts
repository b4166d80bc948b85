import { Failure } from '../domain/failure.ts';
import { NotPrimary } from '../domain/not-primary.ts';
import { outcomeUnknown } from '../domain/outcome-unknown.ts';
import { isSqliteError } from './sqlite-error.ts';

/** The failure of a command that certainly did not take effect; `reason` is a sentence. */
export function notMade(reason: string, cause?: unknown): Failure {
  return new Failure('unavailable', `${reason} Nothing was changed.`, { retryAfterS: 1 }, cause);
}

/**
 * What the commands of a transaction are answered with when the database failed before its commit.
 * `undefined` for an error that is not SQLite's.
 */
export function failureBeforeCommit(error: unknown): Failure | NotPrimary | undefined {
  if (isSqliteError(error, 'READONLY')) return new NotPrimary();
  if (isSqliteError(error, 'BUSY', 'LOCKED', 'PROTOCOL')) {
    return notMade('The database of the primary is busy.', error);
  }
  if (isSqliteError(error, 'FULL')) return notMade('The disk of the primary is full.', error);
  if (isSqliteError(error)) return notMade('The database of the primary cannot be written.', error);
  return undefined;
}

/**
 * The same for a commit that failed. An I/O error leaves it open whether the commit reached the disk: on LiteFS
 * it stands for a lost lease, a full disk and a dead LiteFS alike (docs/facts.md, "An I/O error says little").
 */
export function failureOfCommit(error: unknown): Failure | NotPrimary {
  if (isSqliteError(error, 'READONLY', 'BUSY', 'FULL')) {
    return failureBeforeCommit(error) ?? outcomeUnknown(error);
  }
  return outcomeUnknown(error);
}
