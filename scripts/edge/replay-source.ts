import type { Knobs } from './knobs.ts';
import type { RawHeaders } from './raw-headers.ts';

/** The request headers by which Fly tells a node of a replay. */
export const replayRequestHeaders = [
  'fly-replay-src',
  'fly-replay-failed',
  'fly-preferred-instance-unavailable',
  'fly-replay-cache-status',
] as const;

/** Which node asked for a replay. */
export interface ReplaySource {
  readonly node: string;
  readonly region: string;
  readonly state: string | undefined;
  /** When the edge had the answer; milliseconds since 1970 UTC. */
  readonly atMs: number;
}

/** Why a replay did not reach its target, in Fly's words. */
export type ReplayFailure = 'timeout' | 'retries_exhausted' | 'no_candidate';

/** The `fly-replay-src` field: `instance`, `region`, `t` in microseconds and `state`. */
export function replaySrcHeader(source: ReplaySource, knobs: Knobs): RawHeaders {
  const fields = [
    ['instance', source.node],
    ['region', source.region],
    ['t', String(Math.round(source.atMs * 1_000))],
    ['state', source.state],
  ];
  return [['fly-replay-src', joinFields(fields, knobs.replaySrcSeparator)]];
}

/** The `fly-replay-failed` field, as in Fly docs, "The fly-replay-failed Header". */
export function replayFailedHeader(failed: {
  readonly instance: string | undefined;
  readonly app: string;
  readonly region: string | undefined;
  readonly source: string;
  readonly reason: ReplayFailure;
  readonly elapsedMs: number;
}): RawHeaders {
  const fields = [
    ['instance', failed.instance],
    ['app', failed.app],
    ['region', failed.region],
    ['replay_source', failed.source],
    ['reason', failed.reason],
    ['elapsed_ms', String(Math.round(failed.elapsedMs))],
  ];
  return [['fly-replay-failed', joinFields(fields, ';')]];
}

function joinFields(
  fields: readonly (readonly (string | undefined)[])[],
  separator: ';' | ',',
): string {
  return fields
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${quote(value ?? '')}`)
    .join(separator);
}

function quote(value: string): string {
  return /[;,\s]/.test(value) ? `"${value}"` : value;
}
