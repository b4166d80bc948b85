/**
 * What an `Idempotency-Key` remembers: the request it came with and the link that request made.
 * Kept for 24 h, in the same transaction as the write.
 */
export interface IdempotencyRecord {
  /** Whose key it is: a key's id, `admin`, or `open`; keys of two callers never meet. */
  readonly scope: string;
  readonly key: string;
  /** SHA-256 of the request in canonical form, hex. */
  readonly requestHash: string;
  readonly linkId: number;
  readonly createdAt: number;
}

/** How long a record is kept, milliseconds. */
export const idempotencyKeptMs = 24 * 60 * 60 * 1000;

/** Where the writer keeps the records; synchronous, in the writer's transaction. */
export interface IdempotencyStore {
  findRecord(scope: string, key: string): IdempotencyRecord | undefined;
  /** Replaces a record of the same scope and key. */
  putRecord(record: IdempotencyRecord): void;
  /** Deletes at most `limit` records created before `before`. */
  deleteRecords(before: number, limit: number): void;
}
