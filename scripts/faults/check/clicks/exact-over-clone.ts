import type { Invariant } from '../invariant.ts';
import { isAtTarget, judgeCountsAround } from './around-faults.ts';

/** Hits this long before the copy was made may be in both spools. */
const beforeMs = 30_000;

/** K8. What two spools have in common is counted once, what only one has is not lost. */
export const exactOverClone: Invariant = {
  id: 'K8',
  sentence: 'A copied spool neither doubles clicks nor hides any.',
  judge(history, tally) {
    judgeCountsAround(
      history,
      history.faults.filter((fault) => fault.name === 'spool-cloned'),
      (fault, hit) =>
        isAtTarget(history, fault, hit) &&
        hit.returnedAt >= fault.startAt - beforeMs &&
        hit.invokedAt <= fault.healAt,
      tally,
    );
  },
};
