import type { Progress } from '../domain/position.ts';

/** What the app says may be this old. It says it once a second, and a reader may meet a busy database for a moment. */
const freshForMs = 5_000;

/** How far this node's copy of the links is, as far as the guard can know it. */
export type OwnProgress = Progress | 'empty' | 'unknown';

/** Keeps what the app last said of its progress. An old word counts for nothing: the app may hang. */
export class ProgressView {
  readonly #nowMs: () => number;
  readonly #isEmpty: () => boolean;
  readonly #waiting = new Set<() => void>();
  #told: { readonly progress: Progress; readonly atMs: number } | undefined;

  constructor(options: {
    /** Monotonic. */
    readonly nowMs: () => number;
    /** Whether this node's volume has no copy of the links at all. */
    readonly isEmpty: () => boolean;
  }) {
    this.#nowMs = options.nowMs;
    this.#isEmpty = options.isEmpty;
  }

  tell(progress: Progress): void {
    this.#told = { progress, atMs: this.#nowMs() };
    for (const wake of this.#waiting) wake();
  }

  /** What the app said within the last seconds; `undefined` when it said nothing. */
  fresh(): Progress | undefined {
    const told = this.#told;
    return told !== undefined && this.#nowMs() - told.atMs <= freshForMs
      ? told.progress
      : undefined;
  }

  own(): OwnProgress {
    return this.fresh() ?? (this.#isEmpty() ? 'empty' : 'unknown');
  }

  /** Resolves when the app tells something, at the latest after `ms` milliseconds or when `signal` aborts. */
  async news(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // On a busy machine the moment may have passed since somebody looked, and Node warns of a time below 0.
    const timer = setTimeout(resolve, Math.max(0, ms));
    const wake = () => resolve();
    this.#waiting.add(wake);
    signal?.addEventListener('abort', wake, { once: true });
    if (signal?.aborted) wake();
    await promise;
    signal?.removeEventListener('abort', wake);
    this.#waiting.delete(wake);
    clearTimeout(timer);
  }
}
