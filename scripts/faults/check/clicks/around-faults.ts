import type { Operation } from '../../history.ts';
import type { FaultWindow } from '../fault-window.ts';
import type { History } from '../history.ts';
import type { Tally } from '../tally.ts';
import { findShortfalls, surplus, toLinkCounts, unexcused } from './counts.ts';

/** Which hits a fault may have done something to. */
export type Concerns = (fault: FaultWindow, hit: Operation) => boolean;

/**
 * Judges the counts of links whose hits a fault may have touched: none is counted twice, none is missing without an
 * excuse. Looks at each hit once.
 */
export function judgeCountsAround(
  history: History,
  faults: readonly FaultWindow[],
  concerns: Concerns,
  tally: Tally,
): void {
  if (faults.length === 0) return;
  const touching = (hit: Operation) => faults.find((fault) => concerns(fault, hit));
  for (const final of history.events.final) {
    const links = toLinkCounts(history, final).filter((link) => {
      const touched = link.answered.filter(touching).length;
      tally.look(touched);
      return touched > 0;
    });
    for (const link of links) {
      const more = surplus(link);
      if (more === 0) continue;
      tally.offend(`${link.slug} has ${more} clicks more than hits.`, [
        ...startsOf(link.answered, touching),
        link.read,
      ]);
    }
    for (const shortfall of findShortfalls(history, links)) {
      const lost = unexcused(shortfall);
      if (lost === 0) continue;
      const { slug, answered, read } = shortfall.link;
      tally.offend(`${slug} lacks ${lost} of ${answered.length} clicks.`, [
        ...startsOf(answered, touching),
        read,
      ]);
    }
  }
}

function startsOf(
  hits: readonly Operation[],
  touching: (hit: Operation) => FaultWindow | undefined,
) {
  const faults = new Set(hits.map(touching).filter((fault) => fault !== undefined));
  return [...faults].map((fault) => fault.start);
}

/** Whether the target of a fault answered a hit; any node when that is not known. */
export function isAtTarget(history: History, fault: FaultWindow, hit: Operation): boolean {
  const node = history.nodeOf(hit);
  return node === undefined || fault.targets.includes(node);
}
