import type { Invariant } from '../invariant.ts';
import { isAtTarget, judgeCountsAround } from './around-faults.ts';

/** Hits this long before the cut are the ones it could do something to. */
const beforeMs = 10_000;

/** K4. A power cut loses no click that was older than the interval in which the spool is synced. */
export const boundedPowerLoss: Invariant = {
  id: 'K4',
  sentence: 'A power cut loses at most the clicks of the last 250 ms on that node.',
  judge(history, tally) {
    judgeCountsAround(
      history,
      history.faults.filter((fault) => fault.name === 'power-loss'),
      (fault, hit) =>
        isAtTarget(history, fault, hit) &&
        hit.returnedAt <= fault.startAt &&
        hit.returnedAt >= fault.startAt - beforeMs,
      tally,
    );
  },
};
