import type { Invariant } from '../invariant.ts';

/** K9. A batch whose predecessor is not there is answered with 409 and the number that is expected. */
export const gapIsRefused: Invariant = {
  id: 'K9',
  sentence: 'A batch that comes too early is refused, with the number that is expected.',
  judge({ operations }, tally) {
    for (const ship of operations) {
      if (ship.op !== 'ship' || ship.status === undefined || ship.status >= 500) continue;
      tally.look();
      const { seq, expectedSeq } = ship.arg;
      if (ship.status !== 409) {
        tally.offend(`Batch ${seq} was answered with ${ship.status} instead of 409.`, [ship]);
      } else if (ship.value !== expectedSeq) {
        tally.offend(`The refusal expects ${ship.value}, and ${expectedSeq} comes next.`, [ship]);
      }
    }
  },
};
