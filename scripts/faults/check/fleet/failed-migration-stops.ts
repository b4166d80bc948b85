import { touches } from '../fault-window.ts';
import type { Invariant } from '../invariant.ts';

/** O8. A release whose migration fails stops there: a node of the old one goes on writing, and the lease stays where it is. */
export const failedMigrationStops: Invariant = {
  id: 'O8',
  sentence: 'A migration that fails leaves the old release serving.',
  judge({ faults, events, writes }, tally) {
    for (const fault of faults) {
      if (fault.name !== 'failing-migration') continue;
      const during = writes.filter((write) => touches(fault, write.invokedAt, write.returnedAt));
      tally.look(during.length);
      const changes = events.primary.filter(({ at }) => at >= fault.startAt && at <= fault.healAt);
      if (changes.length > 2) {
        tally.offend('The lease went back and forth.', [fault.start, ...changes]);
      }
      const last = during.findLast((write) => write.type === 'ok');
      if (during.length > 0 && last === undefined) {
        tally.offend('Nobody took writes after a migration had failed.', [fault.start]);
      }
    }
  },
};
