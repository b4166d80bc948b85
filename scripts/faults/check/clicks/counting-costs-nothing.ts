import { quantile } from '../../../bench/statistics.ts';
import type { Operation } from '../../history.ts';
import type { Invariant } from '../invariant.ts';

/** How long redirects are watched while what waited is counted. */
const drainMs = 10_000;
/** Fewer say nothing of a 99th percentile. */
const fewest = 500;
/** Ten in a hundred, and what two busy cores vary by themselves. */
const mayGrow = { share: 1.1, ms: 10 };

/** K11. While a backlog of clicks is counted, redirects take no longer than when nothing is wrong. */
export const countingCostsNothing: Invariant = {
  id: 'K11',
  sentence: 'Counting a backlog of clicks never slows redirects.',
  judge(history, tally) {
    const calm: Operation[] = [];
    const redirects = history.operations.filter(({ op, type }) => op === 'follow' && type === 'ok');
    for (const redirect of redirects) {
      const { invokedAt, returnedAt } = redirect;
      const isCalm = history.faults.every(
        (fault) => returnedAt < fault.startAt || invokedAt > fault.healAt + drainMs,
      );
      if (isCalm) calm.push(redirect);
    }
    if (calm.length < fewest) return;
    const usualMs = quantile(calm.map(tookMs), 0.99);
    for (const fault of history.faults) {
      if (fault.name !== 'shipping-stopped') continue;
      const meanwhile = redirects.filter(
        ({ invokedAt }) => invokedAt >= fault.healAt && invokedAt <= fault.healAt + drainMs,
      );
      if (meanwhile.length < fewest) continue;
      tally.look(meanwhile.length);
      const p99Ms = quantile(meanwhile.map(tookMs), 0.99);
      if (p99Ms <= Math.max(usualMs * mayGrow.share, usualMs + mayGrow.ms)) continue;
      const slowest = meanwhile.reduce((one, other) => (tookMs(other) > tookMs(one) ? other : one));
      tally.offend(
        `The 99th percentile of redirects rose from ${usualMs.toFixed(1)} to ${p99Ms.toFixed(1)} ms.`,
        [fault.start, slowest],
      );
    }
  },
};

function tookMs({ invokedAt, returnedAt }: Operation): number {
  return returnedAt - invokedAt;
}
