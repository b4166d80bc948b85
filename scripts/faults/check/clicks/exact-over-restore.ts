import type { Invariant } from '../invariant.ts';
import { judgeCountsAround } from './around-faults.ts';

/** K7. What was counted before clicks.db went back is sent again by the nodes that kept it, and is counted once. */
export const exactOverRestore: Invariant = {
  id: 'K7',
  sentence: 'A restore neither loses clicks nor counts them twice, while nodes have kept them.',
  judge(history, tally) {
    judgeCountsAround(
      history,
      history.faults.filter((fault) => fault.name === 'clicks-restored'),
      (fault, hit) => hit.invokedAt <= fault.healAt,
      tally,
    );
  },
};
