import type { Invariant } from '../invariant.ts';
import { findShortfalls, toLinkCounts, unexcused } from './counts.ts';

/**
 * K3. Whatever process is killed, each hit that was answered is counted: except where the power went, a volume was
 * destroyed or a disk was full, which K4, K5 and K10 judge.
 */
export const noLostClick: Invariant = {
  id: 'K3',
  sentence: 'No click is lost when processes are killed.',
  judge(history, tally) {
    for (const final of history.events.final) {
      const links = toLinkCounts(history, final);
      for (const link of links) tally.look(link.answered.length);
      for (const shortfall of findShortfalls(history, links)) {
        const lost = unexcused(shortfall);
        if (lost === 0) continue;
        const { slug, answered, read } = shortfall.link;
        tally.offend(`${slug} lacks ${lost} of ${answered.length} clicks.`, [read, ...answered]);
      }
    }
  },
};
