import { Failure } from './failure.ts';

/** The key of a request, as a command carries it. */
export interface IdempotencyKey {
  /** Whose key it is: a key's id, `admin`, or `open`; keys of two callers never meet. */
  readonly scope: string;
  readonly key: string;
  /** SHA-256 of the request, hex: in canonical form where it makes one link, of its bytes where it makes many. */
  readonly requestHash: string;
}

/**
 * What an `Idempotency-Key` remembers: the request it came with and what that request made.
 * Kept for 24 h, in the same transaction as the write.
 */
export interface IdempotencyRecord extends IdempotencyKey {
  /** The link it made; 0 when the request was for many. */
  readonly linkId: number;
  /** What became of each row of a request for many links (domain/bulk-links.ts); absent otherwise. */
  readonly outcomes?: string | undefined;
  readonly createdAt: number;
}

/** How long a record is kept, milliseconds. */
export const idempotencyKeptMs = 24 * 60 * 60 * 1000;

/** So many old records go with each new one: the table shrinks in steps nobody notices. */
const recordsDeletedPerRecord = 8;

/** Where the writer keeps the records; synchronous, in the writer's transaction. */
export interface IdempotencyStore {
  findRecord(scope: string, key: string): IdempotencyRecord | undefined;
  /** Replaces a record of the same scope and key. */
  putRecord(record: IdempotencyRecord): void;
  /** Deletes at most `limit` records created before `before`. */
  deleteRecords(before: number, limit: number): void;
}

/**
 * The record of an earlier request with the same key, unless it is too old. Throws `idempotency_mismatch` when that was
 * another request.
 */
export function findRepeatedRequest(
  store: IdempotencyStore,
  { scope, key, requestHash }: IdempotencyKey,
  now: number,
): IdempotencyRecord | undefined {
  const record = store.findRecord(scope, key);
  if (record === undefined || now - record.createdAt >= idempotencyKeptMs) return undefined;
  if (record.requestHash !== requestHash) throw keyOfAnotherRequest();
  return record;
}

/** Remembers a request, and forgets some that are too old. */
export function rememberRequest(store: IdempotencyStore, record: IdempotencyRecord): void {
  store.putRecord(record);
  store.deleteRecords(record.createdAt - idempotencyKeptMs, recordsDeletedPerRecord);
}

/** The failure for a link that an `Idempotency-Key` made and somebody deleted: its late retry must not bring it back. */
export function keyOfDeletedLink(): Failure {
  const detail =
    'The link that this Idempotency-Key made was deleted meanwhile. A new key makes a new link.';
  return new Failure('conflict', detail, { errors: [{ pointer: 'Idempotency-Key', detail }] });
}

function keyOfAnotherRequest(): Failure {
  const detail = 'This Idempotency-Key came with another request before.';
  return new Failure('idempotency_mismatch', detail, {
    errors: [{ pointer: 'Idempotency-Key', detail }],
  });
}
