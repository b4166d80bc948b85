import type { Counted } from './tally.ts';

/** How long parts of a measurement take, seconds. */
export interface Durations {
  readonly warmUp: number;
  readonly closed: number;
  readonly open: number;
}

/** What one variant did in one round. */
export interface Measurement extends Counted {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the server for each answer while it was measured, all threads together. */
  readonly cpuMicros: number;
  /** That of its first thread, which answers. */
  readonly mainCpuMicros: number;
  /** How much of its core the load took. */
  readonly loadBusy: number;
  readonly rssMb: number;
  readonly peakRssMb: number;
  /** CPU time of the server for each answer and its click, from the first one of the warm-up until all are counted. */
  readonly allCpuMicros: number;
  /** Clicks that were answered and not yet counted when the last answer came. */
  readonly uncounted: number;
  /** From the last answer until everything was counted. */
  readonly countSeconds: number;
  readonly createdPerSecond: number;
}
