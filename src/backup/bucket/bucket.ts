/** What lies in a bucket under one key. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  /** When it was written, by the bucket's own clock, milliseconds since 1970 UTC. */
  readonly storedAtMs: number;
}

/**
 * Where backups lie: objects by key, under a prefix of their own. An object is small enough for memory.
 *
 * Keys are relative to the prefix: segments of letters, digits, ".", "_" and "-", separated by "/", none of which begins
 * with ".". Every call rejects with a `BucketFailure` when it cannot be done, after it was tried again where that
 * helps; and with the reason of `signal` when that aborts.
 */
export interface Bucket {
  /** For sentences: `s3://name/prefix`, `file:///folder`. */
  readonly name: string;
  /** All objects whose keys begin with `prefix`, sorted by key. */
  list(prefix: string, signal?: AbortSignal): Promise<readonly StoredObject[]>;
  /**
   * The whole object, or `undefined` when the bucket says that it has none of this key. Its length is as stored; whether
   * the bytes are what was written once is for the reader to check, by a hash that it knows from elsewhere.
   */
  read(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Makes or replaces an object, whole or not at all; it is durable when this resolves. */
  write(key: string, body: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Removes objects; those that are not there are no failure. */
  remove(keys: readonly string[], signal?: AbortSignal): Promise<void>;
  /** The bucket's clock, milliseconds since 1970 UTC: ages of objects are measured by it, not by this machine's. */
  nowMs(signal?: AbortSignal): Promise<number>;
}

/**
 * What keeps a bucket from its work:
 * - `unreachable`: nobody answers, or only that it cannot do it now;
 * - `denied`: the keys are wrong, or may not do this;
 * - `no_bucket`: there is no such bucket or folder;
 * - `full`: the disk or the quota;
 * - `answer`: what answers does not behave as a bucket does.
 */
export type BucketFailureKind = 'unreachable' | 'denied' | 'no_bucket' | 'full' | 'answer';

/** A bucket cannot do what it was asked. The message is a sentence for people: what failed, and what to mend. */
export class BucketFailure extends Error {
  override readonly name = 'BucketFailure';
  readonly kind: BucketFailureKind;

  constructor(kind: BucketFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

const keyPattern = /^(?!\.)[A-Za-z0-9._-]+(?:\/(?!\.)[A-Za-z0-9._-]+)*$/;

/** Throws a `TypeError`, a mistake of the caller, when `key` is none that every bucket can hold. */
export function checkKey(key: string): void {
  if (key.length > 512 || !keyPattern.test(key)) throw new TypeError(`no key of a bucket: ${key}`);
}
