import type { FaultWindow } from '../fault-window.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';

/** From the signal to the end of the last process. */
const endsWithinMs = 10_000;
/** A new primary is noticed by asking. */
const noticedMs = 100;

/** O5. A primary that is told to end hands the lease over first, then ends with 0, all within ten seconds. */
export const endsInOrder: Invariant = {
  id: 'O5',
  sentence: 'A primary that is told to end hands over first, and ends in time.',
  judge(history, tally) {
    for (const fault of history.faults) {
      if (fault.name === 'sigterm') judgeEnd(history, fault, tally);
    }
  },
};

function judgeEnd({ events }: History, fault: FaultWindow, tally: Tally): void {
  tally.look();
  const { start, startAt, healAt, targets } = fault;
  // Once it is healed, the node may end again for another reason.
  const lastAt = Math.min(healAt, startAt + 3 * endsWithinMs);
  const exits = events.exit.filter(
    ({ node, at }) => targets.includes(node) && at >= startAt && at <= lastAt,
  );
  const first = exits[0];
  if (first === undefined) {
    tally.offend(`${targets} was told to end, and did not.`, [start]);
    return;
  }
  for (const exit of exits) {
    if (exit.at - startAt > endsWithinMs) {
      tally.offend(`The ${exit.process} took ${Math.round(exit.at - startAt)} ms to end.`, [
        start,
        exit,
      ]);
    } else if (exit.code !== 0 && (exit.code !== null || exit.signal !== null)) {
      // Of a process that is not its child the run learns that it ended, not how.
      tally.offend(`The ${exit.process} was told to end, and ended with ${exit.code}.`, [
        start,
        exit,
      ]);
    }
  }
  const handedOver = events.primary.some(
    ({ node, at }) => !targets.includes(node) && at >= startAt && at <= first.at + noticedMs,
  );
  if (!handedOver) {
    tally.offend(`${targets} ended before another node was primary.`, [start, first]);
  }
}
