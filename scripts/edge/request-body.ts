import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';

/** How the body of a request is delimited, as the client declared it. */
export type Framing =
  | { readonly is: 'none' }
  | { readonly is: 'length'; readonly bytes: number }
  | { readonly is: 'chunked' };

/**
 * The body of a client's request: kept while it fits the limit, so that it can be sent again, and passed on
 * at the same time. Past the limit it is a stream that can be sent once.
 *
 * Without a sink it is read only until the limit, so that a client never fills the memory of the edge.
 */
export class RequestBody {
  readonly framing: Framing;
  readonly #source: IncomingMessage;
  readonly #limitBytes: number;
  #kept: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #overLimit: boolean;
  #discarding = false;
  #sink: Writable | undefined;
  readonly #settled = Promise.withResolvers<boolean>();

  constructor(source: IncomingMessage, limitBytes: number) {
    this.#source = source;
    this.#limitBytes = limitBytes;
    this.framing = framingOf(source);
    this.#overLimit = this.framing.is === 'length' && this.framing.bytes > limitBytes;
    if (this.#overLimit) this.#settled.resolve(false);
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => this.#end());
    // Who gave up is told by `close`; the listener keeps an abort from being an uncaught error.
    source.on('error', () => undefined);
  }

  /** Whether all of it has come. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Resolves once it is known whether the whole body fits the limit, and so may be sent again. Reads what
   * is left of it; never resolves when the client goes away before.
   */
  isReplayable(): Promise<boolean> {
    this.release();
    return this.#settled.promise;
  }

  /** What has come so far; nothing once a body over the limit has been followed. */
  get kept(): readonly Buffer[] {
    return this.#kept;
  }

  /**
   * Sends all that comes after `kept` to `sink`, which is ended with the body. An aborted body never ends
   * its sink. Over the limit this works once, because what was passed on is not kept.
   */
  follow(sink: Writable): void {
    if (this.#overLimit) this.#kept = [];
    this.#sink = sink;
    sink.once('close', () => this.#release(sink));
    this.#source.resume();
  }

  /** Sends nothing more to the sink. What still comes is kept up to the limit. */
  release(): void {
    if (this.#sink !== undefined) this.#release(this.#sink);
  }

  /**
   * Keeps nothing any more: the client has its answer, and may still be sending. The rest goes to the sink
   * for as long as there is one, then nowhere.
   */
  discard(): void {
    this.#discarding = true;
    this.#kept = [];
    if (this.#sink === undefined) this.#source.resume();
  }

  #release(sink: Writable): void {
    if (this.#sink !== sink) return;
    this.#sink = undefined;
    this.#source.resume();
  }

  #take(chunk: Buffer): void {
    if (this.#discarding && this.#sink === undefined) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limitBytes && !this.#overLimit) {
      this.#overLimit = true;
      this.#settled.resolve(false);
    }
    const sink = this.#sink;
    if (sink === undefined) {
      this.#kept.push(chunk);
      if (this.#overLimit) this.#source.pause();
      return;
    }
    if (this.#overLimit) this.#kept = [];
    else if (!this.#discarding) this.#kept.push(chunk);
    if (!sink.write(chunk)) {
      this.#source.pause();
      sink.once('drain', () => this.#source.resume());
    }
  }

  #end(): void {
    this.#ended = true;
    this.#settled.resolve(!this.#overLimit);
    this.#sink?.end();
    this.#sink = undefined;
  }
}

function framingOf(source: IncomingMessage): Framing {
  if (source.headers['transfer-encoding'] !== undefined) return { is: 'chunked' };
  const length = source.headers['content-length'];
  return length === undefined ? { is: 'none' } : { is: 'length', bytes: Number(length) };
}
