import type { Operation } from '../../history.ts';
import { type History, settleMs } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import { learnt } from '../look-up.ts';
import { findLostPlaces } from '../lost-places.ts';
import { comparePlaces, placeOf } from '../position-order.ts';
import type { Tally } from '../tally.ts';

/** The newest version of a slug that a session has seen somewhere. */
interface Seen {
  readonly write: Operation;
  readonly read: Operation;
}

/**
 * L10. What a session has seen at a node it never un-sees there, nor anywhere else once copies had time to follow.
 * Bookmarks of its answers never go back. A version that was not replicated may be lost to a new primary.
 */
export const monotonicReads: Invariant = {
  id: 'L10',
  sentence: 'A session never sees an older version of a link than it has seen already.',
  judge(history, tally) {
    const seen = new Map<string, Seen>();
    for (const read of history.operations) {
      const place = history.nodeOf(read) ?? read.via;
      for (const [slug, value] of learnt(read)) {
        for (const scope of [`${read.proc} ${slug} ${place}`, `${read.proc} ${slug}`]) {
          const isHere = scope.endsWith(` ${place}`);
          const former = seen.get(scope);
          if (former !== undefined) {
            tally.look();
            if (isGoingBack(history, former, { read, slug, value, isHere })) {
              tally.offend(`${read.proc} saw ${slug} go back to an older version.`, [
                former.read,
                read,
              ]);
            }
          }
          const write = findWrite(history, slug, value, read);
          if (write !== undefined) seen.set(scope, { write, read });
        }
      }
    }
    findFallingBookmarks(history, tally);
  },
};

/** The write that left what was read. */
function findWrite(
  history: History,
  slug: string,
  value: string | null,
  read: Operation,
): Operation | undefined {
  if (value === null) return undefined;
  return history.writesOf
    .get(value)
    ?.find(
      (write) => write.key === slug && write.type !== 'fail' && write.invokedAt <= read.returnedAt,
    );
}

function isGoingBack(
  history: History,
  { write, read: formerRead }: Seen,
  now: { read: Operation; slug: string; value: string | null; isHere: boolean },
): boolean {
  const { read, slug, value, isHere } = now;
  const writes = history.slugs.get(slug);
  if (writes === undefined || formerRead.returnedAt >= read.invokedAt) return false;
  if (!writes.isOlder(value, write)) return false;
  const isSafe = write.type === 'ok' && write.durability === 'replicated';
  if (!isSafe && history.hasNewPrimary(write.invokedAt, read.returnedAt)) return false;
  if (isHere && history.nodeOf(read) !== undefined) return true;
  const calmFrom = read.invokedAt - settleMs;
  return (
    formerRead.returnedAt < calmFrom &&
    history.isCalm(history.nodeOf(read), calmFrom, read.returnedAt)
  );
}

function findFallingBookmarks(history: History, tally: Tally): void {
  const isLostPlace = findLostPlaces(history);
  const furthest = new Map<string, Operation>();
  for (const operation of history.operations) {
    const place = placeOf(operation);
    if (place === undefined || operation.type !== 'ok') continue;
    const former = furthest.get(operation.proc);
    const formerPlace = former && placeOf(former);
    if (former !== undefined && formerPlace !== undefined) {
      if (former.returnedAt >= operation.invokedAt) continue;
      tally.look();
      // A node that is primary serves what it has, a moment before it can name its epoch.
      if (comparePlaces(place, formerPlace) < 0 && !isLostPlace(formerPlace)) {
        tally.offend(`A bookmark of ${operation.proc} went back.`, [former, operation]);
        continue;
      }
    }
    furthest.set(operation.proc, operation);
  }
}
