import { setTimeout as wait } from 'node:timers/promises';
import type { S3Access } from '../../domain/backup-place.ts';
import type { Clock } from '../../domain/clock.ts';
import { codeOfFetchError, isOfCertificate } from '../fetch-error.ts';
import { BucketFailure } from './bucket.ts';
import { addressBucket } from './s3-address.ts';
import { parseS3Error, type S3Error } from './s3-error.ts';
import { explainRefusal, explainSilence, type RefusedRequest } from './s3-failure.ts';
import { type SignedRequest, signS3Request } from './s3-signing.ts';

/** How long a bucket is tried, milliseconds. */
export interface S3Patience {
  /** How often one thing is tried at most. */
  readonly attempts: number;
  /** Before the second attempt; doubled before each further one, less up to half by chance. */
  readonly firstWaitMs: number;
  /** What one attempt may take. */
  readonly attemptMs: number;
  /** No attempt begins after that. */
  readonly callMs: number;
}

/** Some seconds for a server that is busy or restarts; the next backup is a minute away anyway. */
export const usualPatience: S3Patience = {
  attempts: 6,
  firstWaitMs: 200,
  attemptMs: 30_000,
  callMs: 90_000,
};

/** A request to a bucket. */
export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** What cannot be done if this fails, such as `be listed`. */
  readonly what: string;
  /** `undefined`: the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** A part of the object, such as `bytes=0-0`; all of it without. */
  readonly range?: string;
  /** Codes of refusals that are answers, such as `NoSuchKey`. */
  readonly expected?: readonly string[];
}

/** An answer whose body arrived whole. */
export interface S3Answer {
  /** Of an expected refusal, else `undefined`. */
  readonly code: string | undefined;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** The time that the request was signed with and, as it was not refused, about the server's. */
  readonly signedAtMs: number;
}

/** Further off than this a server refuses (Amazon's 15 min), or will soon. */
const clockToleranceMs = 5 * 60_000;

/** Signs requests to one bucket, tries them again where that helps, and says in a sentence why it does not. */
export class S3Client {
  readonly #name: string;
  readonly #access: S3Access;
  readonly #clock: Clock;
  readonly #patience: S3Patience;
  readonly #base: URL;
  readonly #place: Omit<RefusedRequest, 'method'>;
  readonly #signingKeys = new Map<string, ArrayBuffer>();
  /** What has to be added to this machine's clock, when the bucket refused it. */
  #clockOffsetMs = 0;
  #region: string;

  constructor(options: {
    readonly name: string;
    readonly bucket: string;
    readonly access: S3Access;
    readonly clock: Clock;
    readonly patience: S3Patience;
  }) {
    this.#name = options.name;
    this.#access = options.access;
    this.#clock = options.clock;
    this.#patience = options.patience;
    this.#region = options.access.region;
    this.#base = addressBucket(options.bucket, options.access);
    this.#place = {
      origin: this.#base.origin,
      bucket: options.bucket,
      whereVariable: options.access.endpoint === undefined ? 'AWS_REGION' : 'AWS_ENDPOINT_URL_S3',
    };
  }

  /**
   * Asks until `read` takes an answer: it throws a `BucketFailure` for one that is wrong. Rejects with the last
   * `BucketFailure`, or with the reason of `signal`.
   */
  async ask<T>(
    request: S3Request,
    read: (answer: S3Answer) => T | Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { attempts, firstWaitMs, callMs } = this.#patience;
    const startedAt = this.#clock.monotonicMs();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await read(await this.#attempt(request, signal));
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof BucketFailure)) throw error;
        const waitMs = firstWaitMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
        const isLate = this.#clock.monotonicMs() - startedAt + waitMs > callMs;
        if (!isPassing(error) || attempt >= attempts || isLate) {
          throw this.#tell(error, request, attempt);
        }
        await wait(waitMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
      }
    }
  }

  /** The request as it is sent next, for whoever sends it: with the clock and the region that the last answer was given for. */
  sign(request: S3Request): Promise<SignedRequest> {
    return this.#sign(request, this.#clock.now() + this.#clockOffsetMs);
  }

  async #attempt(request: S3Request, signal?: AbortSignal): Promise<S3Answer> {
    // The first answer may say that the clock or the region is another one; then, that the other one is.
    for (let corrections = 0; ; corrections += 1) {
      signal?.throwIfAborted();
      const signedAtMs = this.#clock.now() + this.#clockOffsetMs;
      const response = await this.#fetch(request, signedAtMs, signal);
      const { headers, body } = response;
      if (response.ok) return { code: undefined, headers, body, signedAtMs };
      const error = parseS3Error(Buffer.from(body).toString());
      if (error.code !== undefined && request.expected?.includes(error.code)) {
        return { code: error.code, headers, body, signedAtMs };
      }
      if (corrections < 2 && this.#correct(response, error, signedAtMs)) continue;
      const { kind, sentence } = explainRefusal(
        response.status,
        withRegion(error, headers),
        this.#refused(request),
      );
      throw new BucketFailure(
        kind,
        `${sentence} (${[response.status, error.code].join(' ').trim()})`,
      );
    }
  }

  async #fetch(
    request: S3Request,
    signedAtMs: number,
    signal?: AbortSignal,
  ): Promise<{
    readonly ok: boolean;
    readonly status: number;
    readonly headers: Headers;
    readonly body: Uint8Array;
  }> {
    const late = AbortSignal.timeout(this.#patience.attemptMs);
    try {
      const { url, method, headers } = await this.#sign(request, signedAtMs);
      // Not signed, since proxies change it: what is stored is what has to arrive.
      headers.set('accept-encoding', 'identity');
      if (request.range !== undefined) headers.set('range', request.range);
      const response = await fetch(url, {
        method,
        headers,
        redirect: 'manual',
        signal: signal === undefined ? late : AbortSignal.any([signal, late]),
        ...(request.body !== undefined && { body: request.body as Uint8Array<ArrayBuffer> }),
      });
      const body = new Uint8Array(await response.arrayBuffer());
      const length = response.headers.get('content-length');
      const isCoded = response.headers.has('content-encoding');
      if (length !== null && Number(length) !== body.length && !isCoded) {
        throw new BucketFailure('answer', 'an answer was not whole.');
      }
      return { ok: response.ok, status: response.status, headers: response.headers, body };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof BucketFailure) throw error;
      throw this.#silence(error, request, late.aborted);
    }
  }

  #sign(request: S3Request, signedAtMs: number): Promise<SignedRequest> {
    const url = new URL(this.#base);
    if (request.key !== undefined)
      url.pathname = `${url.pathname.replace(/\/$/, '')}/${request.key}`;
    for (const [name, value] of Object.entries(request.query ?? {})) {
      url.searchParams.set(name, value);
    }
    const { method, body } = request;
    return signS3Request(
      { method, url, ...(body !== undefined && { body }) },
      { ...this.#access, region: this.#region, atMs: signedAtMs, cache: this.#signingKeys },
    );
  }

  /** Takes the clock and the region from what refused ours; false when they are not why. */
  #correct(
    { status, headers }: { readonly status: number; readonly headers: Headers },
    error: S3Error,
    signedAtMs: number,
  ): boolean {
    const serverMs = Date.parse(headers.get('date') ?? '');
    // Servers have several words for it, so the clock itself is looked at.
    if (status >= 400 && status < 500 && Math.abs(serverMs - signedAtMs) > clockToleranceMs) {
      this.#clockOffsetMs += serverMs - signedAtMs;
      return true;
    }
    const { region } = withRegion(error, headers);
    if (this.#access.region === 'auto' && region !== undefined && region !== this.#region) {
      this.#region = region;
      return true;
    }
    return false;
  }

  #silence(error: unknown, request: S3Request, isLate: boolean): BucketFailure {
    if (isLate) {
      const sentence = `${this.#place.origin} did not answer within ${this.#patience.attemptMs / 1_000} s.`;
      return new BucketFailure('unreachable', sentence, { cause: error });
    }
    const code = codeOfFetchError(error);
    const { kind, sentence } = explainSilence(code, this.#refused(request));
    const shown = code === undefined ? sentence : `${sentence} (${code})`;
    return new BucketFailure(kind, shown, { cause: error });
  }

  #refused({ method }: S3Request): RefusedRequest {
    return { ...this.#place, method };
  }

  #tell(failure: BucketFailure, request: S3Request, attempts: number): BucketFailure {
    const tried = attempts === 1 ? '' : ` It was tried ${attempts} times.`;
    return new BucketFailure(
      failure.kind,
      `${this.#name} cannot ${request.what}: ${failure.message}${tried}`,
      { cause: failure },
    );
  }
}

/** Whether the next attempt may find it otherwise. */
function isPassing({ kind, cause }: BucketFailure): boolean {
  return (kind === 'unreachable' || kind === 'answer') && !isOfCertificate(codeOfFetchError(cause));
}

function withRegion(error: S3Error, headers: Headers): S3Error {
  return { ...error, region: error.region ?? headers.get('x-amz-bucket-region') ?? undefined };
}
