import type { Logger } from 'pino';
import type { ClickRecorder } from '../domain/click-recorder.ts';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import { unknownLink } from './compiled-link.ts';
import type { Hit } from './hit.ts';

/**
 * Records the clicks among the hits of a tick that are about to be answered, once: those that have a verdict. Gives
 * a promise when their answers have to wait for the disk. Neither throws nor rejects.
 */
export type RecordClicks = (hits: readonly Hit[], nowMs: number) => Promise<void> | undefined;

/** A defect comes up in every tick. */
const logEveryMs = 60_000;

/** Makes it. A recorder that breaks its word and fails stops no redirect: the log says so once a minute. */
export function createRecordClicks(deps: {
  readonly recorder: ClickRecorder;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'error'>;
}): RecordClicks {
  const { recorder, clock, log } = deps;
  let isQuietUntilMs = Number.NEGATIVE_INFINITY;

  return (hits, nowMs) => {
    for (const hit of hits) {
      try {
        add(hit);
      } catch (error) {
        report(error);
      }
    }
    try {
      return recorder.append(nowMs)?.catch(report);
    } catch (error) {
      report(error);
      return undefined;
    }
  };

  /** A `HEAD` is no click. A slug is an orphan once this node has caught up and still knows no link of it. */
  function add({ request, slug, finding, verdict }: Hit): void {
    if (verdict === undefined || request.method !== 'GET') return;
    if (typeof finding === 'object') {
      if (!(verdict instanceof Failure)) recorder.add(finding.id, request);
    } else if (finding === 'unknown' && verdict === unknownLink) {
      recorder.addOrphan(slug);
    }
  }

  function report(error: unknown): void {
    const nowMs = clock.monotonicMs();
    if (nowMs < isQuietUntilMs) return;
    isQuietUntilMs = nowMs + logEveryMs;
    log.error({ err: error }, 'clicks cannot be recorded');
  }
}
