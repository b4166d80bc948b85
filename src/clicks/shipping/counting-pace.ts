import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';

/** Busier than this, the event loop has redirects waiting. */
const busy = 0.6;
/** So many times as long as it works, counting rests at most: a fifth of the time is left to it. */
const longestRest = 4;
/** Over so long the rests get shorter, and then there are none: what is not counted has to be some day. */
const patienceMs = 240_000;

/**
 * Says how long counting rests after a transaction. Where there is one core, writer and redirects share it, and in a
 * rush the redirects come first: clicks are in the spool, and can be counted when it is over. On more cores it never
 * rests.
 */
export function createCountingPace(
  oldestUnconfirmedMs: () => number,
  cores = availableParallelism(),
  readUtilization: typeof performance.eventLoopUtilization = performance.eventLoopUtilization,
): (tookMs: number) => number {
  let since = readUtilization();
  return (tookMs) => {
    if (cores > 1) return 0;
    const { utilization } = readUtilization(since);
    since = readUtilization();
    if (utilization < busy) return 0;
    return tookMs * longestRest * Math.max(0, 1 - oldestUnconfirmedMs() / patienceMs);
  };
}
