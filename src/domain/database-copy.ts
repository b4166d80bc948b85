import type { DatabaseName } from './database-name.ts';
import type { Position } from './position.ts';

/** A copy of a database as it was at one moment: one file, complete without a journal beside it. */
export interface DatabaseCopy {
  readonly file: string;
  readonly bytes: number;
  /** By this machine's wall clock, just before the copy was begun: it holds all that was committed by then. */
  readonly takenAtMs: number;
  /** Exactly where the copy is; `undefined` alone, where databases have no position. */
  readonly position: Position | undefined;
}

/** Copies by database; one that does not exist is not among them. */
export type DatabaseCopies = Partial<Readonly<Record<DatabaseName, DatabaseCopy>>>;

/** Copies the databases of this node while they are written to. */
export interface DatabaseCopier {
  /** Where a database is at the moment; `undefined` when it is not there, and alone. */
  readPosition(database: DatabaseName): Promise<Position | undefined>;
  /**
   * Copies databases one after the other into `links.db` and `clicks.db` of a folder, where they must not exist yet.
   * Rejects when a copy cannot be made or is not whole, and leaves torn files to whoever owns the folder.
   */
  copyInto(
    folder: string,
    databases: readonly DatabaseName[],
    signal: AbortSignal,
  ): Promise<DatabaseCopies>;
}
