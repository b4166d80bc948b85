import type { EventOf, Operation } from '../../history.ts';
import { type FinalRead, quoteFinal } from '../evidence.ts';
import type { History } from '../history.ts';
import type { Hits } from '../hits.ts';

/** A power cut may undo what came within this: the interval of `CLICK_SYNC`. */
export const syncMs = 250;

/** The hits of one link, and what became of them. */
export interface LinkCount extends Hits {
  readonly slug: string;
  readonly counted: number;
  readonly read: FinalRead;
}

/**
 * The counts of all links that were the same link for all of the run, by one node's final read. What nobody has
 * counted is zero.
 */
export function toLinkCounts(history: History, final: EventOf<'final'>): LinkCount[] {
  return [...history.hits].flatMap(([slug, hits]) => {
    if (!history.slugs.get(slug)?.isOneLink || final.links[slug] === undefined) return [];
    const counted = final.clicks.bySlug[slug] ?? 0;
    return [{ slug, ...hits, counted, read: quoteFinal(final, `clicks of ${slug}`, counted) }];
  });
}

/** Why a click may be missing although its redirect was answered. */
export type Excuse = 'power' | 'wiped' | 'dropped';

/**
 * The excuse that a click has by what happened to the node that answered it; any node when that is not known. Of several
 * the one that nobody can be held to, so that a drop is only what must have been told as one.
 */
export function findExcuse(history: History, hit: Operation): Excuse | undefined {
  const node = history.nodeOf(hit);
  let isDropped = false;
  for (const fault of history.faults) {
    if (node !== undefined && !fault.targets.includes(node)) continue;
    if (fault.name === 'power-loss') {
      const isFresh = hit.returnedAt >= fault.startAt - syncMs && hit.invokedAt <= fault.startAt;
      if (isFresh) return 'power';
    }
    if (fault.name === 'volume-wiped' && hit.invokedAt <= fault.startAt) return 'wiped';
    if (fault.name === 'disk-full-spool' || fault.name === 'disk-full-data') {
      isDropped ||= hit.returnedAt >= fault.startAt && hit.invokedAt <= fault.healAt;
    }
  }
  return isDropped ? 'dropped' : undefined;
}

/** A link that lacks clicks, how many, and how many of its clicks have each excuse. */
export interface Shortfall {
  readonly link: LinkCount;
  readonly missing: number;
  readonly excused: Readonly<Record<Excuse, number>>;
}

/** All links of which fewer clicks are counted than were answered. */
export function findShortfalls(history: History, links: readonly LinkCount[]): Shortfall[] {
  return links.flatMap((link) => {
    const missing = link.answered.length - link.counted;
    if (missing <= 0) return [];
    const excused = { power: 0, wiped: 0, dropped: 0 };
    for (const hit of link.answered) {
      const excuse = findExcuse(history, hit);
      if (excuse !== undefined) excused[excuse]++;
    }
    return [{ link, missing, excused }];
  });
}

/** Missing clicks of a link that nothing excuses. */
export function unexcused({ missing, excused }: Shortfall): number {
  return Math.max(0, missing - excused.power - excused.wiped - excused.dropped);
}

/** Clicks that are counted, although nobody can have made them. */
export function surplus({ counted, answered, uncertain }: LinkCount): number {
  return Math.max(0, counted - answered.length - uncertain.length);
}
