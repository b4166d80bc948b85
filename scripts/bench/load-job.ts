import type { Popularity } from './popularity.ts';
import type { HeaderSet } from './request-head.ts';

/** What the load does next. */
export interface LoadJob {
  readonly port: number;
  /** `HEAD` fills a memory, and is no click. */
  readonly method: 'GET' | 'HEAD';
  readonly headers: HeaderSet;
  /** How many links are asked for: the first ones. */
  readonly links: number;
  readonly popularity: Popularity;
  readonly pace: Pace;
}

/** Links to be created, by clients that each wait for their answer. */
export interface CreateJob {
  readonly is: 'create';
  readonly port: number;
  readonly clients: number;
  readonly seconds: number;
}

/** What came of it. Every answer was a link, or there is no result. */
export interface CreateResult {
  readonly created: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly busy: number;
}

/** When requests go out: as fast as answers come, or at times of their own. */
export type Pace =
  | { readonly is: 'closed'; readonly seconds: number; readonly maxRequests: number }
  | {
      readonly is: 'open';
      readonly seconds: number;
      readonly perSecond: number;
      /** Whether the load leaves its core to others between requests (`askAtTimes`). */
      readonly sleeps?: boolean;
      /** How many clients create links meanwhile, and where. */
      readonly creators: number;
      readonly creatorsPort: number;
    };

/** What a job came to. All answers were right, or there is no result. */
export interface LoadResult {
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How much of a core the load took, 0 to 1; near 1 it may itself be what is measured. Always 1 in an open loop. */
  readonly busy: number;
  /** How many answers to `GET` came for each link. */
  readonly answeredByLink: Uint32Array;
  /** How many links were created meanwhile. */
  readonly created: number;
}

/** How many connections the load keeps open. */
export const connectionCount = 64;
