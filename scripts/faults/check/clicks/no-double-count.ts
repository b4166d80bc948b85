import type { EventOf } from '../../history.ts';
import { quoteFinal } from '../evidence.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';
import { surplus, toLinkCounts } from './counts.ts';

/** K1. No link has more clicks than hits that were answered or whose answer got lost; nor have all links together. */
export const noDoubleCount: Invariant = {
  id: 'K1',
  sentence: 'No click is counted twice.',
  judge(history, tally) {
    for (const final of history.events.final) {
      for (const link of toLinkCounts(history, final)) {
        tally.look(link.answered.length);
        const more = surplus(link);
        if (more === 0) continue;
        tally.offend(`${link.slug} has ${more} clicks more than hits.`, [
          link.read,
          ...link.uncertain,
        ]);
      }
      judgeTotal(history, final, tally);
      judgeRequests(history, final, tally);
    }
  },
};

function judgeTotal(history: History, final: EventOf<'final'>, tally: Tally): void {
  let hits = 0;
  for (const { answered, uncertain } of history.hits.values()) {
    hits += answered.length + uncertain.length;
  }
  const { total } = final.clicks;
  if (total <= hits) return;
  tally.offend(`All links together have ${total - hits} clicks more than hits.`, [
    quoteFinal(final, 'clicks of all links', total),
  ]);
}

function judgeRequests(history: History, final: EventOf<'final'>, tally: Tally): void {
  const { byRequest = {} } = final.clicks;
  for (const hit of history.operations) {
    const counted = hit.requestId === undefined ? 0 : (byRequest[hit.requestId] ?? 0);
    if (counted <= 1) continue;
    tally.offend(`One hit is counted ${counted} times.`, [
      hit,
      quoteFinal(final, `clicks of ${hit.requestId}`, counted),
    ]);
  }
}
