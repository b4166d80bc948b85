import { createHash } from 'node:crypto';
import { nameBackupPlace, type S3Access } from '../../domain/backup-place.ts';
import type { Clock } from '../../domain/clock.ts';
import { type Bucket, BucketFailure, checkKey, type StoredObject } from './bucket.ts';
import { type S3Answer, S3Client, type S3Patience } from './s3-client.ts';
import { parseListing } from './s3-listing.ts';
import type { SignedRequest } from './s3-signing.ts';

/** Removals at a time: one by one is slow, and not every S3 server can remove many with one request. */
const removedAtOnce = 8;

/** A server refuses a request that is signed for a time further off than this: Amazon's 15 min, and what a request may take. */
const refusedWhenOffMs = 20 * 60_000;

/** How often an object is sent to a server that takes it and then has another one. */
const writeRounds = 3;

/** How often in a row the same wrong bytes are read until they are taken for what is stored. */
const storedWhenSeen = 3;

/** A bucket of an S3 server: Amazon's, Tigris, Cloudflare R2, MinIO, Ceph and others. */
export class S3Bucket implements Bucket {
  readonly name: string;
  readonly #client: S3Client;
  /** What stands before each key. */
  readonly #prefix: string;

  constructor(options: {
    readonly bucket: string;
    readonly prefix: string;
    readonly access: S3Access;
    readonly clock: Clock;
    readonly patience: S3Patience;
  }) {
    const { bucket, prefix } = options;
    this.name = nameBackupPlace({ in: 's3', bucket, prefix });
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#client = new S3Client({ ...options, name: this.name });
  }

  async list(prefix: string, signal?: AbortSignal): Promise<readonly StoredObject[]> {
    const found: StoredObject[] = [];
    const whole = `${this.#prefix}${prefix}`;
    let next: string | undefined;
    do {
      const token = next;
      const page = await this.#client.ask(
        {
          method: 'GET',
          what: 'be listed',
          query: {
            'list-type': '2',
            prefix: whole,
            ...(token !== undefined && { 'continuation-token': token }),
          },
        },
        ({ body }) => {
          const listing = parseListing(Buffer.from(body).toString());
          if (listing.objects.some(({ key }) => !key.startsWith(whole))) throw strayListing();
          // Else it would never end.
          if (listing.next !== undefined && listing.next === token) throw strayListing();
          return listing;
        },
        signal,
      );
      for (const object of page.objects) {
        found.push({ ...object, key: object.key.slice(this.#prefix.length) });
      }
      next = page.next;
    } while (next !== undefined);
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async read(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    checkKey(key);
    let odd: Buffer | undefined;
    let oddTimes = 0;
    return this.#client.ask(
      {
        method: 'GET',
        what: `give ${key}`,
        key: `${this.#prefix}${key}`,
        expected: ['NoSuchKey'],
      },
      (answer) => {
        if (answer.code !== undefined) return undefined;
        const body = Buffer.from(answer.body);
        const etag = etagOf(answer);
        if (etag === undefined) throw strangeAnswer();
        if (etag === md5(body) || !isMd5(etag, answer.headers)) return body;
        // Damaged on the way, or in the bucket? What comes again and again is stored so, and the reader's to judge.
        oddTimes = odd?.equals(body) ? oddTimes + 1 : 1;
        odd = body;
        if (oddTimes === storedWhenSeen) return body;
        throw strangeAnswer();
      },
      signal,
    );
  }

  /**
   * The request for an object, for whoever reads one that is too large for memory and for the time that `read` has; valid for
   * minutes. `undefined` when the bucket says that it has none of this key: its first byte is asked for before, which
   * finds out what is wrong and says so as `read` does.
   */
  async signRead(key: string, signal?: AbortSignal): Promise<SignedRequest | undefined> {
    checkKey(key);
    const request = {
      method: 'GET',
      what: `give ${key}`,
      key: `${this.#prefix}${key}`,
      expected: ['NoSuchKey', 'InvalidRange'],
    } as const;
    const first = { ...request, range: 'bytes=0-0' };
    const isThere = await this.#client.ask(first, ({ code }) => code !== 'NoSuchKey', signal);
    return isThere ? this.#client.sign(request) : undefined;
  }

  async write(key: string, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    const what = `store ${key}`;
    for (let round = 1; round <= writeRounds; round += 1) {
      const etag = await this.#client.ask(
        { method: 'PUT', what, key: `${this.#prefix}${key}`, body },
        etagOf,
        signal,
      );
      if (etag === md5(body)) return;
      // Encrypting servers name objects otherwise; and what is no S3 server may say yes to everything.
      const stored = await this.read(key, signal);
      if (stored !== undefined && Buffer.from(stored).equals(body)) return;
    }
    const { kind, message } = strangeAnswer();
    throw new BucketFailure(kind, `${this.name} cannot ${what}: ${message}`);
  }

  async remove(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    keys.forEach(checkKey);
    signal?.throwIfAborted();
    let next = 0;
    let failure: unknown;
    const removeSome = async () => {
      for (let key = keys[next++]; key !== undefined && failure === undefined; key = keys[next++]) {
        await this.#removeOne(key, signal).catch((error: unknown) => {
          failure ??= error;
        });
      }
    };
    await Promise.all(Array.from({ length: removedAtOnce }, removeSome));
    if (failure !== undefined) throw failure;
  }

  nowMs(signal?: AbortSignal): Promise<number> {
    return this.#client.ask(
      {
        method: 'GET',
        what: 'be reached',
        query: { 'list-type': '2', 'max-keys': '1', prefix: this.#prefix },
      },
      ({ headers, signedAtMs }) => {
        const now = Date.parse(headers.get('date') ?? '');
        if (Number.isNaN(now)) throw strangeAnswer();
        // A server that went by this time would have refused ours. What is removed by a wrong one does not come back.
        if (Math.abs(now - signedAtMs) > refusedWhenOffMs) throw otherClock(now, signedAtMs);
        return now;
      },
      signal,
    );
  }

  #removeOne(key: string, signal?: AbortSignal): Promise<void> {
    return this.#client.ask(
      {
        method: 'DELETE',
        what: `remove ${key}`,
        key: `${this.#prefix}${key}`,
        expected: ['NoSuchKey'],
      },
      ({ code, body }) => {
        if (code === undefined && body.length > 0) throw strangeAnswer();
      },
      signal,
    );
  }
}

function etagOf({ headers }: S3Answer): string | undefined {
  return headers.get('etag')?.replace(/^W\//, '').replaceAll('"', '');
}

/** Whether an ETag is the MD5 of the object: not of one in several parts or encrypted by a key of the user's. */
function isMd5(etag: string, headers: Headers): boolean {
  const isEncrypted =
    headers.get('x-amz-server-side-encryption')?.startsWith('aws:kms') ||
    headers.has('x-amz-server-side-encryption-customer-algorithm');
  return /^[0-9a-f]{32}$/.test(etag) && !isEncrypted;
}

function md5(body: Uint8Array): string {
  return createHash('md5').update(body).digest('hex');
}

function strangeAnswer(): BucketFailure {
  return new BucketFailure(
    'answer',
    'what answers does not do as an S3 server does: does AWS_ENDPOINT_URL_S3 lead to one, past no proxy that changes answers?',
  );
}

function strayListing(): BucketFailure {
  return new BucketFailure('answer', 'what was listed is not what was asked for.');
}

function otherClock(toldMs: number, signedAtMs: number): BucketFailure {
  const [told, signed] = [toldMs, signedAtMs].map((ms) => new Date(ms).toISOString());
  return new BucketFailure(
    'answer',
    `its answers say that it is ${told}, but it takes what is signed for ${signed}: one of the clocks is wrong; set this machine's, or that of what stands before the bucket.`,
  );
}
