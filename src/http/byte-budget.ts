import { Failure } from '../domain/failure.ts';

/** How many bytes of large bodies a node holds at once, all requests together. */
export class ByteBudgets {
  readonly #mostBytes: number;
  #heldBytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The part of one request; disposing gives it back. */
  open(): ByteBudget & Disposable {
    let heldBytes = 0;
    return {
      take: (bytes) => {
        if (this.#heldBytes + bytes > this.#mostBytes) throw tooMuchAtOnce();
        this.#heldBytes += bytes;
        heldBytes += bytes;
      },
      [Symbol.dispose]: () => {
        this.#heldBytes -= heldBytes;
      },
    };
  }
}

/** What one request may take of it. */
export interface ByteBudget {
  /** Throws `unavailable` when nothing is left. */
  take(bytes: number): void;
}

function tooMuchAtOnce(): Failure {
  const detail = 'Too many links are being made in bulk. Nothing of this request was written.';
  return new Failure('unavailable', detail, { retryAfterS: 2 });
}
