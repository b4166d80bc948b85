import type { Operation } from '../../history.ts';
import { quoteFinal } from '../evidence.ts';
import { type History, settleMs } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import { isLookUp, learnt } from '../look-up.ts';
import type { Tally } from '../tally.ts';

/**
 * L8. What is read under a slug was written there, by a write that had begun and was not refused. What was deleted is
 * served by no connected node two seconds later.
 */
export const noPhantom: Invariant = {
  id: 'L8',
  sentence: 'A slug leads only where somebody sent it, and nowhere soon after it was deleted.',
  judge(history, tally) {
    for (const operation of history.operations) {
      for (const [slug, value] of learnt(operation)) {
        if (value === null) continue;
        tally.look();
        findPhantom(history, { slug, value, read: operation }, tally);
      }
      if (isLookUp(operation)) findResurrection(history, operation, tally);
    }
    for (const final of history.events.final) {
      for (const [slug, value] of Object.entries(final.links)) {
        tally.look();
        const writes = effective(history, slug, value);
        if (writes.length > 0) continue;
        tally.offend(`${final.node} has a link under ${slug} that nobody made.`, [
          quoteFinal(final, slug, value),
        ]);
      }
    }
  },
};

/** Writes of that value that may be under that slug. A create without an answer may be under any. */
function effective(history: History, slug: string, value: string): Operation[] {
  const writes = history.writesOf.get(value) ?? [];
  return writes.filter(
    (write) => write.type !== 'fail' && (write.key === slug || write.key === null),
  );
}

function findPhantom(
  history: History,
  { slug, value, read }: { slug: string; value: string; read: Operation },
  tally: Tally,
): void {
  if (effective(history, slug, value).some((write) => write.invokedAt <= read.returnedAt)) return;
  const all = history.writesOf.get(value) ?? [];
  const [write] = all;
  if (write === undefined) tally.offend(`${slug} leads where nobody sent it.`, [read]);
  else if (all.every((each) => each.type === 'fail')) {
    tally.offend(`${slug} leads where a refused write would have sent it.`, [write, read]);
  } else tally.offend(`${slug} leads where it was not sent, or not yet.`, [write, read]);
}

function findResurrection(
  history: History,
  read: Operation & { readonly key: string; readonly value: string | null },
  tally: Tally,
): void {
  const { key, value } = read;
  const writes = history.slugs.get(key);
  if (value === null || writes === undefined) return;
  const calmFrom = read.invokedAt - settleMs;
  const gone = writes.findLastOk((write) => write.op === 'delete' && write.returnedAt < calmFrom);
  if (gone === undefined || !writes.isOlder(value, gone)) return;
  // A local delete can be lost in a failover; then the link is back for good.
  const mayBeLost = gone.durability !== 'replicated';
  if (mayBeLost && history.hasNewPrimary(gone.invokedAt, read.returnedAt)) return;
  if (!history.isCalm(history.nodeOf(read), calmFrom, read.returnedAt)) return;
  tally.offend(`${key} was deleted, and is served again.`, [gone, read]);
}
