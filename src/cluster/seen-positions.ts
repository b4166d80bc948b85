import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Position } from '../domain/position.ts';
import { createLineSplitter } from './event-lines.ts';
import { parseLiteFsEvent } from './litefs-event.ts';
import { openEventStream } from './litefs-stream.ts';

/** How long the event that tells of a transaction is waited for. */
const lateEventMs = 2_000;

/** The positions that the databases of this node had since the watch began, found again by their checksums. */
export class SeenPositions implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #byKey = new Map<string, Position>();
  readonly #waiting = new Set<() => void>();
  #reading: Promise<void> = Promise.resolve();

  /**
   * Follows LiteFS's `/events`. Resolves once nothing that is committed from now on is missed. Rejects when LiteFS does
   * not answer.
   */
  static async watch(litefsUrl: string, signal: AbortSignal): Promise<SeenPositions> {
    const seen = new SeenPositions();
    const ended = AbortSignal.any([signal, seen.#stop.signal]);
    const stream = await openEventStream(litefsUrl, ended);
    const begun = Promise.withResolvers<void>();
    // However the stream ends: what it has not told is not found, and then there is no copy.
    seen.#reading = seen.#read(stream, begun.resolve).then(begun.resolve, begun.resolve);
    await Promise.race([begun.promise, delay(lateEventMs, undefined, { ref: false })]);
    return seen;
  }

  add(database: string, position: Position): void {
    this.#byKey.set(`${database} ${position.checksum}`, position);
    for (const wake of this.#waiting) wake();
  }

  /** The position of a database with that checksum; an event that is late is waited for. */
  async find(
    database: string,
    checksum: string,
    signal: AbortSignal,
  ): Promise<Position | undefined> {
    const key = `${database} ${checksum}`;
    const bound = AbortSignal.any([signal, AbortSignal.timeout(lateEventMs)]);
    while (!this.#byKey.has(key) && !bound.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      bound.addEventListener('abort', () => resolve(), { once: true });
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
    return this.#byKey.get(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  async #read(stream: IncomingMessage, begin: () => void): Promise<void> {
    const cut = createLineSplitter();
    for await (const chunk of stream) {
      for (const line of cut(chunk)) {
        const event = parseLiteFsEvent(line);
        if (event?.type === 'init') begin();
        if (event?.type === 'tx') this.add(event.database, event.position);
      }
    }
  }
}
