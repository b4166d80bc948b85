import type { DatabaseName } from './database-name.ts';
import type { NodeId } from './role.ts';

/** A file that takes the place of a database. */
export interface RestoreFile {
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly sha256: string;
}

/** What would be restored into, as its primary says. */
export interface RestoreTarget {
  /** What people call the fleet, or the machine alone: the host of its short URLs. */
  readonly name: string;
  readonly node: NodeId;
  /** The epoch of its writer. What is restored begins a later one. */
  readonly epoch: number;
}

/** What is to take the place of a primary's databases. */
export interface RestoreOrder {
  /** The epoch that the files were made ready for: the order is refused in any other. */
  readonly epoch: number;
  readonly links: RestoreFile;
  /** Without it the counts stay as they are. */
  readonly clicks?: RestoreFile | undefined;
}

/** How a restore went. */
export interface Restored {
  /** That of the writer from now on. */
  readonly epoch: number;
  /** How long nothing was written, whole milliseconds. */
  readonly heldMs: number;
  /** Why the clicks are not those of the backup, though they were ordered; `null` when all was done. */
  readonly clicksKept: string | null;
  /** The folder on the primary's machine with all that was there when writes stopped. */
  readonly before: string;
}

/**
 * Where a primary takes files and puts them in place of its databases. All of it throws `unavailable` on a node that is not
 * the primary, or has no open writer.
 */
export interface RestoreDesk {
  describe(): RestoreTarget;
  /**
   * Adds bytes to the file for a database, which begins anew at 0. Throws `conflict` when they do not continue it, and when the
   * disk has no room for `totalBytes` of files, where that is given. What nobody adds to for minutes is thrown away.
   */
  add(database: DatabaseName, at: number, bytes: Uint8Array, totalBytes?: number): Promise<void>;
  /**
   * Copies what is there and puts the files in place, each as one transaction, while nothing is written. Throws `conflict`
   * when they are not what was ordered, or the epoch is another. A failure says whether the databases are as they were; where
   * the lease went away meanwhile, nobody can tell.
   */
  restore(order: RestoreOrder): Promise<Restored>;
}
