import { setTimeout as delay } from 'node:timers/promises';
import { NoAnswer } from '../operator.ts';

/** A node that restarts, or a fleet that finds another primary, needs less. */
const patienceMs = 120_000;
const firstPauseMs = 200;
const longestPauseMs = 5_000;

/** What is over soon: a primary that moves, a busy database, too many writes. */
const passingStatuses = new Set([429, 502, 503, 504]);

/** Whether an answer with this status is worth asking again. */
export function isPassing(status: number): boolean {
  return passingStatuses.has(status);
}

/**
 * How long a command that takes its time puts up with a node that does not answer: two minutes from the last time that
 * it went on. Before it went on at all a node that is not there is told at once.
 */
export class Patience {
  readonly #say: (line: string) => void;
  #lastProgressMs: number | undefined;
  #pauseMs = firstPauseMs;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** It went on. */
  progress(): void {
    this.#lastProgressMs = performance.now();
    this.#pauseMs = firstPauseMs;
  }

  /** Waits before the next try. Throws `error` when it has been too long, or is none that passes. */
  async wait(error: unknown): Promise<void> {
    if (!(error instanceof NoAnswer) || this.#lastProgressMs === undefined) throw error;
    if (performance.now() - this.#lastProgressMs > patienceMs) throw error;
    if (this.#pauseMs === firstPauseMs) this.#say(`${error.message}; trying again`);
    await delay(this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }
}
