import { Transform, type TransformCallback } from 'node:stream';
import type { EdgeClock } from './edge-clock.ts';
import type { Link } from './link.ts';

/** So much may be on its way at once before the sender has to wait, in bytes. */
const windowBytes = 1_048_576;

interface Flight {
  /** `undefined` is the end of the stream. */
  readonly chunk: Buffer | undefined;
  readonly dueMs: number;
}

/**
 * One direction of a link as a stream: each chunk comes out as late as the link says, in order, and none
 * while the link is silent. What is in flight when a partition heals arrives then.
 */
export class DelayLine extends Transform {
  readonly #link: Link;
  readonly #clock: EdgeClock;
  readonly #flights: Flight[] = [];
  readonly #stopListening: () => void;
  #bytes = 0;
  /** Whether the reader has asked for more since the last chunk. */
  #wanted = false;
  #cancelTimer: (() => void) | undefined;
  #room: TransformCallback | undefined;
  #landed: TransformCallback | undefined;

  constructor(link: Link, clock: EdgeClock) {
    super();
    this.#link = link;
    this.#clock = clock;
    this.#stopListening = link.onChange(() => this.#land());
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#bytes += chunk.length;
    this.#takeOff(chunk);
    if (this.#bytes < windowBytes) done();
    else this.#room = done;
  }

  override _flush(done: TransformCallback): void {
    this.#landed = done;
    this.#takeOff(undefined);
  }

  override _read(size: number): void {
    super._read(size);
    this.#wanted = true;
    this.#land();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stopListening();
    this.#cancelTimer?.();
    this.#flights.length = 0;
    done(error);
  }

  #takeOff(chunk: Buffer | undefined): void {
    this.#flights.push({ chunk, dueMs: this.#clock.monotonicMs() + this.#link.oneWayMs() });
    if (this.#cancelTimer === undefined) this.#land();
  }

  #land(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    while (this.#link.state() !== 'silent') {
      const next = this.#flights[0];
      // A reader that is slower than the link has what arrived wait here, and the window fill up.
      if (next === undefined || (next.chunk !== undefined && !this.#wanted)) break;
      const leftMs = next.dueMs - this.#clock.monotonicMs();
      if (leftMs > 0) {
        this.#cancelTimer = this.#clock.after(leftMs, () => this.#land());
        break;
      }
      this.#flights.shift();
      if (next.chunk === undefined) this.#landed?.();
      else {
        this.#bytes -= next.chunk.length;
        this.#wanted = false;
        this.push(next.chunk);
      }
    }
    const room = this.#room;
    if (room !== undefined && this.#bytes < windowBytes) {
      this.#room = undefined;
      room();
    }
  }
}
