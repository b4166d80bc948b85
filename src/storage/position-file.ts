import { closeSync, openSync, readSync } from 'node:fs';
import { type Position, parsePosition } from '../domain/position.ts';

/** Length of a position as LiteFS writes it: `txid/checksum\n`. */
const positionBytes = 34;

/** Tells the position of `links.db`: `undefined` when it cannot be told. */
export interface PositionSource extends Disposable {
  read(): Position | undefined;
}

/**
 * LiteFS's `links.db-pos`, read from a descriptor that is kept open, which costs 1 µs instead of 200.
 *
 * NOTE: after LiteFS has died the descriptor goes on giving the last position without an error (docs/facts.md,
 * "A kept -pos descriptor outlives LiteFS"). Whoever reads after a commit must see that the position advanced.
 */
export class PositionFile implements PositionSource {
  readonly #path: string;
  readonly #buffer = Buffer.alloc(positionBytes);
  #descriptor: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** `undefined` when the file is missing, unreadable or not a position. */
  read(): Position | undefined {
    try {
      // The file appears together with the database, hence only with the first transaction of all.
      this.#descriptor ??= openSync(this.#path, 'r');
      const length = readSync(this.#descriptor, this.#buffer, 0, positionBytes, 0);
      return parsePosition(this.#buffer.toString('latin1', 0, length));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this[Symbol.dispose]();
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    try {
      closeSync(descriptor);
    } catch (error) {
      // Closing on a dead mount gives ENOTCONN and has closed the descriptor all the same.
      if (!isSystemError(error)) throw error;
    }
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
