import type { Operation } from '../../history.ts';
import { quoteFinal } from '../evidence.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';

/** K2. A link that nobody hit has no clicks, and none ever shows more than had been sent by then. */
export const noPhantomClicks: Invariant = {
  id: 'K2',
  sentence: 'Nothing is counted that nobody did.',
  judge(history, tally) {
    const { hits } = history;
    const ids = new Set(history.operations.map((operation) => operation.requestId));
    for (const final of history.events.final) {
      for (const [slug, counted] of Object.entries(final.clicks.bySlug)) {
        tally.look();
        if (counted === 0 || hits.has(slug)) continue;
        tally.offend(`${slug} has ${counted} clicks, and nobody hit it.`, [
          quoteFinal(final, `clicks of ${slug}`, counted),
        ]);
      }
      for (const [id, counted] of Object.entries(final.clicks.byRequest ?? {})) {
        tally.look();
        if (ids.has(id)) continue;
        tally.offend('A hit is counted that nobody sent.', [
          quoteFinal(final, `clicks of ${id}`, counted),
        ]);
      }
    }
    judgeStats(history, tally);
  },
};

/** Counts that were read while hits went on. */
function judgeStats(history: History, tally: Tally): void {
  for (const read of history.operations) {
    const { op, key, value } = read;
    if (op !== 'stats' || read.type !== 'ok' || key === null || typeof value !== 'number') continue;
    // A link of that name that is gone had clicks of its own.
    if (!history.slugs.get(key)?.isOneLink) continue;
    tally.look();
    const { answered, uncertain } = history.hits.get(key) ?? { answered: [], uncertain: [] };
    const sent = countBefore(answered, read.returnedAt) + countBefore(uncertain, read.returnedAt);
    if (value <= sent) continue;
    tally.offend(`${key} showed ${value} clicks when ${sent} hits had been sent.`, [read]);
  }
}

/** How many of `hits`, in the order in which they began, began by `at`. */
function countBefore(hits: readonly Operation[], at: number): number {
  let low = 0;
  let high = hits.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((hits[middle] as Operation).invokedAt <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
