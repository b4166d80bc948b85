import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';

const periodMs = 60_000;

/** What happened under a message since it was logged. */
interface Pending {
  loggedAtMs: number;
  counts: Record<string, number>;
  error: unknown;
}

/** Logs each message at once, and then at most once a minute, with what was counted meanwhile. */
export class RareLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #messages = new Map<string, Pending>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Adds to a count of a message, and keeps the newest error with it. Logged by `flush`. */
  count(message: string, what: string, amount: number, error?: unknown): void {
    if (amount === 0) return;
    let pending = this.#messages.get(message);
    if (pending === undefined) {
      pending = { loggedAtMs: Number.NEGATIVE_INFINITY, counts: {}, error: undefined };
      this.#messages.set(message, pending);
    }
    pending.counts[what] = (pending.counts[what] ?? 0) + amount;
    pending.error = error ?? pending.error;
  }

  /** Logs what is due. `isLast` does not wait for the minute. */
  flush(isLast = false): void {
    if (this.#messages.size === 0) return;
    const nowMs = this.#clock.monotonicMs();
    for (const [message, pending] of this.#messages) {
      const isDue = isLast || nowMs - pending.loggedAtMs >= periodMs;
      if (!isDue || Object.keys(pending.counts).length === 0) continue;
      const { counts, error } = pending;
      this.#log.warn(error === undefined ? counts : { ...counts, err: error }, message);
      pending.loggedAtMs = nowMs;
      pending.counts = {};
      pending.error = undefined;
    }
  }
}
