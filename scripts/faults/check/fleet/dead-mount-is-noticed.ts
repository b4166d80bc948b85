import type { Invariant } from '../invariant.ts';

const noticedMs = 1_000;
/** An end is noticed by the run a little later than it is. */
const toleratedMs = 250;

/** O14. When LiteFS is gone its app ends by itself within a second: its mount is dead. */
export const deadMountIsNoticed: Invariant = {
  id: 'O14',
  sentence: 'An app whose mount is dead ends within a second.',
  judge({ faults, events }, tally) {
    for (const fault of faults) {
      if (fault.name !== 'kill-litefs') continue;
      for (const target of fault.targets) {
        tally.look();
        const exit = events.exit.find(
          ({ node, process, at }) =>
            node === target && process === 'app' && at >= fault.startAt - toleratedMs,
        );
        if (exit === undefined) {
          tally.offend(`The app of ${target} outlived its LiteFS.`, [fault.start]);
        } else if (exit.at - fault.startAt > noticedMs + toleratedMs) {
          tally.offend(
            `The app of ${target} ended ${Math.round(exit.at - fault.startAt)} ms after its LiteFS.`,
            [fault.start, exit],
          );
        }
      }
    }
  },
};
