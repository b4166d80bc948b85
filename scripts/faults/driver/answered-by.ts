import type { Answered } from '../../edge/reach.ts';

/** Answers on their way from the edge to a client; more are never under way. */
const maxKept = 5_000;

/** Which node answered through the edge, until the client that asked takes it. */
export class AnsweredBy {
  readonly #kept = new Map<string, Answered>();

  /** Remembers an answer of the edge. */
  readonly note = (answered: Answered): void => {
    this.#kept.set(answered.requestId, answered);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > maxKept && !oldest.done) this.#kept.delete(oldest.value);
  };

  /** Who answered the request of a `Fly-Request-Id`; once only. */
  take(requestId: unknown): Answered | undefined {
    if (typeof requestId !== 'string') return undefined;
    const answered = this.#kept.get(requestId);
    this.#kept.delete(requestId);
    return answered;
  }
}
