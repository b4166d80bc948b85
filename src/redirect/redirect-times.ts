/** Upper bounds of the buckets, milliseconds: from the least that a redirect takes to a stalled node. */
const boundsMs = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000] as const;

/** How long redirects took, as a histogram. */
export interface RedirectTimesRead {
  /** Upper bounds of the buckets, seconds. One more bucket holds what took longer. */
  readonly bounds: readonly number[];
  /** How many redirects each bucket holds, and not those of the buckets before it. */
  readonly counts: readonly number[];
  /** Of all redirects, seconds. */
  readonly sum: number;
}

/** Counts redirects by the time that they took. */
export class RedirectTimes {
  /** Doubles: what is counted for months does not fit into 32 bits. */
  readonly #counts = new Float64Array(boundsMs.length + 1);
  #sumMs = 0;

  /** Adds `count` redirects that took `ms` each. */
  add(ms: number, count: number): void {
    let bucket = 0;
    while (ms > (boundsMs[bucket] ?? Infinity)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#sumMs += ms * count;
  }

  read(): RedirectTimesRead {
    return {
      bounds: boundsMs.map((ms) => ms / 1000),
      counts: [...this.#counts],
      sum: this.#sumMs / 1000,
    };
  }
}
