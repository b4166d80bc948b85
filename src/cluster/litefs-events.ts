import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Position } from '../domain/position.ts';
import { createLineSplitter } from './event-lines.ts';
import { isSameLease, type LeaseView, parseLiteFsEvent } from './litefs-event.ts';
import { readLease } from './litefs-info.ts';
import { openEventStream } from './litefs-stream.ts';

/** What a stream of LiteFS's events tells. Everything between `connected` and `disconnected` can be relied on. */
export interface LiteFsListener {
  /**
   * A stream is open and its `init` agrees with `/info`. Nothing that happened before is told again:
   * read every position anew.
   */
  connected(lease: LeaseView): void;
  leaseChanged(lease: LeaseView): void;
  /** A transaction is in this node's copy, its own or a replicated one; the position is already readable. */
  committed(database: string, position: Position): void;
  disconnected(): void;
}

/** What a `LiteFsEvents` needs. */
export interface LiteFsEventsOptions {
  /** Origin of LiteFS's HTTP API. */
  readonly litefsUrl: string;
  readonly listener: LiteFsListener;
  readonly log: Logger;
  /** How often an open stream is compared with `/info`; default 1,000 ms. */
  readonly infoIntervalMs?: number;
}

const firstRetryMs = 20;
const lastRetryMs = 500;
/** A stream that lived this long starts the backoff anew when it ends. */
const soundStreamMs = 1000;
const initTimeoutMs = 2000;
const infoTimeoutMs = 1000;
/** `/info` and the stream may differ while an event is on its way; they must agree within these attempts. */
const compareAttempts = 5;
const comparePauseMs = 50;

/** One stream, from its opening to its end. */
interface Stream {
  readonly response: IncomingMessage;
  readonly ended: AbortController;
  readonly opened: PromiseWithResolvers<void>;
  lease: LeaseView | undefined;
  /** Counts changes of the lease, to tell a real difference from an event on its way. */
  changes: number;
  isConnected: boolean;
}

/**
 * Follows LiteFS's `/events` for as long as it lives: opens the stream, checks it against `/info`, hands out what
 * it says, and opens it again (after 20 to 500 ms) when it ends.
 *
 * The stream has no heartbeat. So an open one is compared with `/info` each second, and closed when the two
 * differ for good. A LiteFS that does not answer at all says nothing about the stream: what it told last
 * still holds, because a LiteFS that hangs changes neither the lease nor the copy.
 */
export class LiteFsEvents implements AsyncDisposable {
  readonly #options: LiteFsEventsOptions;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;

  constructor(options: LiteFsEventsOptions) {
    this.#options = options;
    this.#following = this.#follow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const startedMs = performance.now();
      try {
        await this.#readOneStream();
      } catch (err) {
        // Whatever ended the stream, the remedy is the same: open it again.
        if (this.#stop.signal.aborted) return;
        this.#options.log.debug({ err }, 'event stream ended');
      }
      failures = performance.now() - startedMs < soundStreamMs ? failures + 1 : 0;
      const pauseMs = Math.min(firstRetryMs * 2 ** failures, lastRetryMs);
      await delay(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #readOneStream(): Promise<void> {
    const response = await openEventStream(this.#options.litefsUrl, this.#stop.signal);
    const stream: Stream = {
      response,
      ended: new AbortController(),
      opened: Promise.withResolvers(),
      lease: undefined,
      changes: 0,
      isConnected: false,
    };
    const [reading] = await Promise.allSettled([this.#readLines(stream), this.#watch(stream)]);
    if (reading.status === 'rejected') throw reading.reason;
  }

  async #readLines(stream: Stream): Promise<void> {
    const cut = createLineSplitter();
    try {
      for await (const chunk of stream.response) {
        for (const text of cut(chunk)) this.#take(stream, text);
      }
    } finally {
      stream.ended.abort();
      stream.response.destroy();
      if (stream.isConnected) this.#options.listener.disconnected();
    }
  }

  /** Throws on a line that LiteFS does not write: what else it meant to say would be missed. */
  #take(stream: Stream, text: string): void {
    const event = parseLiteFsEvent(text);
    if (event === undefined) return;
    if (stream.lease === undefined && event.type !== 'init') {
      throw new Error(`the event stream begins with ${event.type}`);
    }
    const { listener } = this.#options;
    if (event.type === 'tx') {
      if (stream.isConnected) listener.committed(event.database, event.position);
      return;
    }
    stream.changes += 1;
    stream.lease = event.lease;
    if (stream.isConnected) listener.leaseChanged(event.lease);
    else stream.opened.resolve();
  }

  /** Lets the stream count once `/info` agrees with it, and ends it when they no longer do. */
  async #watch(stream: Stream): Promise<void> {
    const { signal } = stream.ended;
    const pause = (ms: number) => delay(ms, undefined, { signal });
    try {
      await Promise.race([stream.opened.promise, pause(initTimeoutMs)]);
      const first = await this.#compare(stream, pause);
      signal.throwIfAborted();
      if (stream.lease === undefined || first !== 'same') {
        throw new Error('the event stream could not be confirmed by /info');
      }
      stream.isConnected = true;
      this.#options.listener.connected(stream.lease);
      do await pause(this.#options.infoIntervalMs ?? 1000);
      while ((await this.#compare(stream, pause)) !== 'different');
      signal.throwIfAborted();
      this.#options.log.warn({ lease: stream.lease }, 'event stream fell silent');
      throw new Error('the event stream no longer says what /info says');
    } catch (error) {
      stream.response.destroy(error instanceof Error ? error : undefined);
    }
  }

  async #compare(
    stream: Stream,
    pause: (ms: number) => Promise<unknown>,
  ): Promise<'same' | 'different' | 'no answer'> {
    for (let attempt = 0; attempt < compareAttempts; attempt += 1) {
      if (attempt > 0) await pause(comparePauseMs);
      const before = stream.changes;
      const asked = AbortSignal.any([stream.ended.signal, AbortSignal.timeout(infoTimeoutMs)]);
      const told = await readLease(this.#options.litefsUrl, asked).catch(() => undefined);
      if (told === undefined) return 'no answer';
      const isSame = stream.lease !== undefined && isSameLease(told, stream.lease);
      if (isSame && stream.changes === before) return 'same';
    }
    return 'different';
  }
}
