import { quoteFinal } from '../evidence.ts';
import type { Invariant } from '../invariant.ts';

/**
 * L1. What each node has in the end under a slug is not older than the last write that was answered `replicated`. Later
 * ones that were local, or whose outcome is unknown, may be there or not.
 */
export const replicatedSurvives: Invariant = {
  id: 'L1',
  sentence: 'What was answered `replicated` is on every node in the end.',
  judge({ events, slugs }, tally) {
    if (events.final.length === 0) return;
    for (const [slug, writes] of slugs) {
      const last = writes.findLastOk((write) => write.durability === 'replicated');
      if (last === undefined) continue;
      tally.look();
      for (const final of events.final) {
        const value = final.links[slug] ?? null;
        if (!writes.isOlder(value, last)) continue;
        tally.offend(`${slug} was answered as replicated, and is not on ${final.node}.`, [
          last,
          quoteFinal(final, slug, value),
        ]);
      }
    }
  },
};
