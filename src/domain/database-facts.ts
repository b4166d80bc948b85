/**
 * What a whole and sound database file says of itself, found by reading all of it. Two copies with the same facts hold the
 * same schema and the same rows, on whatever node and in whatever order of pages.
 */
export interface DatabaseFacts {
  /** The newest migration it has: the name of its file, or its number alone when another tool applied it. */
  readonly schema: string;
  /** The epoch of a file of links, 0 when no primary has begun one; `null` for a file that keeps none. */
  readonly epoch: number | null;
  /**
   * 16 hex digits that tell whose links these are: a hash of the first epoch, which no two installations begin at the same moment,
   * and which stays through every restore. `null` when there is none.
   */
  readonly origin: string | null;
  /** Rows by table. */
  readonly counts: Readonly<Record<string, number>>;
  /** SHA-256 over the schema and all rows in the order of their keys, hex. */
  readonly contentHash: string;
}

/** A file that is no whole and sound database in DELETE mode. The message says what is wrong, as in "it is damaged: …". */
export class DatabaseFault extends Error {
  override readonly name = 'DatabaseFault';
}

/** Reads the facts of a file that nobody writes to. Throws `DatabaseFault`. */
export type InspectDatabase = (file: string) => DatabaseFacts;
