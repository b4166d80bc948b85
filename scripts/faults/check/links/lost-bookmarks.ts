import type { Operation } from '../../history.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import { findLostPlaces, type IsLostPlace } from '../lost-places.ts';

/** What a read with a bookmark may wait at most, beside what a busy machine lets everybody wait. */
const waitMs = 1_000;

/**
 * L13. A bookmark of an epoch that was lost is served at once, by this node or the primary: there is nothing to wait for.
 */
export const lostBookmarks: Invariant = {
  id: 'L13',
  sentence: 'A bookmark from an epoch that was lost keeps nobody waiting.',
  judge(history, tally) {
    const isLostPlace = findLostPlaces(history);
    for (const operation of history.operations) {
      if (!isLost(operation, isLostPlace)) continue;
      // Where there is no primary to ask, a refusal is the right answer.
      if (!history.isCalm(undefined, operation.invokedAt, operation.returnedAt)) continue;
      tally.look();
      const tookMs = operation.returnedAt - operation.invokedAt;
      if (operation.type !== 'ok') {
        tally.offend('A read with a bookmark of a lost epoch was not answered.', [operation]);
      } else if (tookMs > waitMs + slowestMeanwhile(history, operation)) {
        tally.offend(`A read with a bookmark of a lost epoch took ${Math.round(tookMs)} ms.`, [
          operation,
        ]);
      }
    }
  },
};

/** How long the slowest read that waits for nothing took at the same time, milliseconds. */
function slowestMeanwhile({ operations }: History, { invokedAt, returnedAt }: Operation): number {
  return operations
    .filter(({ op, arg, type }) => op === 'follow' && arg.bookmark === undefined && type === 'ok')
    .filter((other) => other.invokedAt < returnedAt && other.returnedAt > invokedAt)
    .reduce((slowest, other) => Math.max(slowest, other.returnedAt - other.invokedAt), 0);
}

function isLost({ arg, invokedAt }: Operation, isLostPlace: IsLostPlace): boolean {
  const { bookmark } = arg;
  return bookmark !== undefined && (bookmark.lost === true || isLostPlace(bookmark, invokedAt));
}
