import type { Operation } from '../../history.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import { comparePlaces, type Place, placeOf } from '../position-order.ts';

/** What a read with a bookmark may wait at most. */
const waitMs = 1_000;

/**
 * L13. A bookmark of an epoch that was lost is served at once, by this node or the primary: there is nothing to wait for.
 * It was lost when a later epoch has a position that is not behind it: on one chain the txid rises with the epoch.
 */
export const lostBookmarks: Invariant = {
  id: 'L13',
  sentence: 'A bookmark from an epoch that was lost keeps nobody waiting.',
  judge(history, tally) {
    const firsts = firstPlaces(history);
    for (const operation of history.operations) {
      if (!isLost(operation, firsts)) continue;
      // Where there is no primary to ask, a refusal is the right answer.
      if (!history.isCalm(undefined, operation.invokedAt, operation.returnedAt)) continue;
      tally.look();
      const tookMs = operation.returnedAt - operation.invokedAt;
      if (operation.type !== 'ok') {
        tally.offend('A read with a bookmark of a lost epoch was not answered.', [operation]);
      } else if (tookMs > waitMs) {
        tally.offend(`A read with a bookmark of a lost epoch took ${Math.round(tookMs)} ms.`, [
          operation,
        ]);
      }
    }
  },
};

/** Of each epoch the lowest position that a success named, and when. */
function firstPlaces({ writes }: History): Map<number, Place & { readonly at: number }> {
  const firsts = new Map<number, Place & { readonly at: number }>();
  for (const write of writes) {
    const place = placeOf(write);
    if (write.type !== 'ok' || place === undefined) continue;
    const known = firsts.get(place.epoch);
    if (known === undefined || comparePlaces(place, known) < 0) {
      firsts.set(place.epoch, { ...place, at: write.returnedAt });
    }
  }
  return firsts;
}

function isLost(
  { arg, invokedAt }: Operation,
  firsts: ReadonlyMap<number, Place & { readonly at: number }>,
): boolean {
  const { bookmark } = arg;
  if (bookmark === undefined) return false;
  if (bookmark.lost) return true;
  for (const first of firsts.values()) {
    const isLater = first.epoch > bookmark.epoch && first.at < invokedAt;
    if (isLater && first.txid <= bookmark.txid) return true;
  }
  return false;
}
