import { Failure } from '../domain/failure.ts';

/** A row is no longer than the whole body of a request that makes one link. */
export const maxRowBytes = 65_536;

/** The bytes of a row that comes in parts. */
export class RowBuffer {
  #parts: Uint8Array[] = [];
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Throws `too_large` when the row gets longer than it may be. */
  add(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#length += part.length;
    if (this.#length > maxRowBytes) {
      throw new Failure('too_large', `A link is longer than ${maxRowBytes / 1024} KiB.`);
    }
    this.#parts.push(part);
  }

  /** The whole row; the next one begins. */
  take(): Uint8Array {
    const [first = new Uint8Array()] = this.#parts;
    const row = this.#parts.length > 1 ? Buffer.concat(this.#parts, this.#length) : first;
    this.#parts = [];
    this.#length = 0;
    return row;
  }
}
