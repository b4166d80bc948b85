import type { EdgeClock } from '../../scripts/edge/edge-clock.ts';

/** A clock that stands still until it is told to go on. */
export class ManualClock implements EdgeClock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  now(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Whether something waits for exactly `ms` milliseconds from now. */
  isAwaited(ms: number): boolean {
    return [...this.#timers].some(({ atMs }) => atMs === this.#nowMs + ms);
  }

  /** Goes on by `ms` milliseconds, and calls what falls due, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(({ atMs }) => atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = due.atMs;
      due.run();
    }
    this.#nowMs = endMs;
  }
}
