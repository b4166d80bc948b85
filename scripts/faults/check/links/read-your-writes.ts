import type { Operation } from '../../history.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import { isLookUp, learnt } from '../look-up.ts';
import { comparePlaces, placeOf } from '../position-order.ts';
import type { SlugHistory } from '../slug-history.ts';
import type { Tally } from '../tally.ts';

/**
 * L9. No node says that a link does not exist whose creation was answered before; and a read with a bookmark shows
 * every write up to it. Except for writes that were local, and that another primary may have lost.
 */
export const readYourWrites: Invariant = {
  id: 'L9',
  sentence: 'Whoever created a link can follow it at once, from anywhere.',
  judge(history, tally) {
    for (const operation of history.operations) {
      if (isLookUp(operation) && operation.op !== 'get') findDenied(history, operation, tally);
      for (const [slug, value] of learnt(operation)) {
        findUnread(history, { slug, value, read: operation }, tally);
      }
    }
  },
};

/** A redirect that says 404 although a creation was answered, and no later delete began. */
function findDenied(
  history: History,
  read: Operation & { readonly key: string; readonly value: string | null },
  tally: Tally,
): void {
  const writes = history.slugs.get(read.key);
  const created = writes?.findLastOk(
    (write) => write.op !== 'delete' && write.returnedAt < read.invokedAt,
  );
  if (writes === undefined || created === undefined) return;
  tally.look();
  if (read.value !== null || !writes.isOlder(null, created)) return;
  if (mayBeLost(history, created, read)) return;
  tally.offend(`${read.key} was created, and ${read.via} says that it does not exist.`, [
    created,
    read,
  ]);
}

function findUnread(
  history: History,
  { slug, value, read }: { slug: string; value: string | null; read: Operation },
  tally: Tally,
): void {
  const { bookmark } = read.arg;
  const writes = history.slugs.get(slug);
  if (bookmark === undefined || bookmark.lost || writes === undefined) return;
  if (read.op !== 'get' && read.op !== 'list') return;
  const known = findLastUpTo(writes, bookmark, read.invokedAt);
  if (known === undefined) return;
  tally.look();
  if (!writes.isOlder(value, known) || mayBeLost(history, known, read)) return;
  tally.offend(`A read with a bookmark does not show a write of ${slug} that lies before it.`, [
    known,
    read,
  ]);
}

function findLastUpTo(
  writes: SlugHistory,
  bookmark: { readonly epoch: number; readonly txid: string },
  before: number,
): Operation | undefined {
  return writes.findLastOk((write) => {
    const place = placeOf(write);
    if (place === undefined || write.returnedAt >= before) return false;
    return comparePlaces(place, bookmark) <= 0;
  });
}

function mayBeLost(history: History, write: Operation, read: Operation): boolean {
  if (write.durability === 'replicated') return false;
  return history.hasNewPrimary(write.invokedAt, read.returnedAt);
}
