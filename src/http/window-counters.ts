import type { ClientRateLimitInfo, Store } from 'express-rate-limit';
import type { Clock } from '../domain/clock.ts';

/** So many sources are counted at once, about 20 MB; with more of them, those counted longest start anew. */
const maxSources = 100_000;

interface Window {
  hits: number;
  /** By the monotonic clock. */
  readonly endsAtMs: number;
}

/**
 * Counts per source in fixed windows, in bounded memory: the library's own store keeps everything that came
 * in two windows, which a scan from many addresses fills at will. The map is in the order in which windows
 * began, so the first one is always the first to end.
 */
export class WindowCounters implements Store {
  readonly localKeys = true;
  readonly #windows = new Map<string, Window>();
  readonly #windowMs: number;
  readonly #clock: Clock;

  constructor(windowMs: number, clock: Clock) {
    this.#windowMs = windowMs;
    this.#clock = clock;
  }

  /** Hits of `source` in its present window, and when that ends; `undefined` without one. */
  get(source: string): ClientRateLimitInfo | undefined {
    const window = this.#current(source);
    return window === undefined ? undefined : this.#toInfo(window);
  }

  /** `hits`: how many at once. */
  increment(source: string, hits = 1): ClientRateLimitInfo {
    let window = this.#current(source);
    if (window === undefined) {
      window = { hits: 0, endsAtMs: this.#clock.monotonicMs() + this.#windowMs };
      this.#windows.delete(source);
      this.#windows.set(source, window);
      if (this.#windows.size > maxSources) this.#forgetFirst();
    }
    window.hits += hits;
    return this.#toInfo(window);
  }

  decrement(source: string): void {
    const window = this.#current(source);
    if (window !== undefined) window.hits = Math.max(0, window.hits - 1);
  }

  resetKey(source: string): void {
    this.#windows.delete(source);
  }

  #current(source: string): Window | undefined {
    const window = this.#windows.get(source);
    return window !== undefined && window.endsAtMs > this.#clock.monotonicMs() ? window : undefined;
  }

  #forgetFirst(): void {
    const [first] = this.#windows.keys();
    if (first !== undefined) this.#windows.delete(first);
  }

  #toInfo({ hits, endsAtMs }: Window): ClientRateLimitInfo {
    const resetTime = new Date(this.#clock.now() + endsAtMs - this.#clock.monotonicMs());
    return { totalHits: hits, resetTime };
  }
}
