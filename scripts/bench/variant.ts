import type { StartContestant } from './contestant.ts';
import type { Popularity } from './popularity.ts';
import type { HeaderSet } from './request-head.ts';

/** A server, and the way it is asked. */
export interface Variant {
  readonly name: string;
  /** The name of the variant that is 1.00 for this one. */
  readonly baseline: string;
  readonly start: StartContestant;
  /** How many different links are asked for. */
  readonly links: number;
  readonly popularity: Popularity;
  readonly headers: HeaderSet;
  readonly load: Load;
  /** What a server remembers is filled before, with so many `HEAD`s. */
  readonly fill: number;
  /** Whether it is measured only when `--full` or `--only` asks for it, because it takes long or needs a fleet. */
  readonly isLong: boolean;
  /** What has to be on this machine besides the project. */
  readonly needs: 'nothing' | 'nginx' | 'litefs';
  /** What is expected (docs/performance.md says why where it is missed), at least or at most. */
  readonly wanted: Wanted;
}

/**
 * `closed`: as many requests as the server can answer. `open`: so many a second, which it answers easily; meanwhile
 * `creators` clients create links, or it still counts what is left of so many clicks at full speed (`clicksBefore`).
 * `create`: so many clients create links, each the next one when it has its answer.
 */
export type Load =
  | { readonly is: 'closed' }
  | { readonly is: 'create'; readonly clients: number }
  | {
      readonly is: 'open';
      readonly perSecond: number;
      readonly creators: number;
      readonly clicksBefore: number;
    };

export interface Wanted {
  /** Throughput as a part of the baseline's, at least. */
  readonly ratio?: number;
  /** p99 as a multiple of the baseline's, at most. */
  readonly p99Ratio?: number;
  /** At most. */
  readonly rssMb?: number;
}
