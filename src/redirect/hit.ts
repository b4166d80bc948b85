import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from '../domain/failure.ts';
import type { Slug } from '../domain/slug.ts';
import type { CompiledLink, Redirect } from './compiled-link.ts';

/**
 * What this node's copy says about a slug: a link, that it has none, that it cannot tell now (`busy`), that
 * there is no copy yet (`absent`), or that reading it failed.
 */
export type Finding = CompiledLink | 'unknown' | 'busy' | 'absent' | 'unreadable';

/** A request for a slug, on its way through one or more ticks. */
export interface Hit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly slug: Slug;
  /** When the first hit of its tick came, on the monotonic clock. */
  readonly arrivedAtMs: number;
  /** Set by the `Resolver`, anew in each tick. */
  finding: Finding;
  /** What to answer; `undefined` as long as that has to wait. */
  verdict: Redirect | Failure | undefined;
  /** Whether it is counted among those that wait for a copy or for the primary. */
  isWaiting: boolean;
  /**
   * Whether this node has caught up with the primary since the hit came: then unknown means there is none. `undefined`
   * until it has tried.
   */
  caughtUp: boolean | undefined;
  /** When a busy copy is given up on, on the monotonic clock; set by the first wait. */
  giveUpAtMs: number | undefined;
}
