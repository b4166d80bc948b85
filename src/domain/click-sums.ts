import {
  allLinksId,
  type ClickCounts,
  type ClickDetails,
  clickDimensions,
  msPerHour,
  toHour,
} from './click.ts';
import type { ClickFrame, FrameClick } from './click-frame.ts';
import { firstDatedMs, lastDatedMs } from './click-range.ts';
import type { ClickStore, RollupKey } from './click-store.ts';
import { defaultDomainId } from './domain-name.ts';
import type { ReferrerValues } from './referrer-values.ts';

/** What the sums depend on besides the frames. */
export interface SumRules {
  readonly referrers: ReferrerValues;
  /** Wall clock of the primary, milliseconds. */
  readonly nowMs: number;
  /** Clicks further in the past are in no hour, milliseconds. */
  readonly datedForMs: number;
}

/** How far the clock of a node may be ahead of the primary's. */
const maxAheadMs = 48 * msPerHour;

type MutableCounts = { -readonly [Count in keyof ClickCounts]: ClickCounts[Count] };

/** Something to be added to one row of the store. */
interface Row extends MutableCounts {
  readonly target:
    | { readonly is: 'rollup'; readonly key: RollupKey }
    | { readonly is: 'total'; readonly linkId: number }
    | { readonly is: 'orphans'; readonly hour: number }
    | { readonly is: 'orphan slug'; readonly slug: string; readonly hour: number };
  /** Of a total the undated clicks and bots, of orphans the hits. */
  extra: number;
}

/** Adds up frames, so that each row of the store is touched once. */
export class ClickSums {
  readonly #rules: SumRules;
  readonly #rows = new Map<string, Row>();

  constructor(rules: SumRules) {
    this.#rules = rules;
  }

  /** How many rows of the store they go to. */
  get size(): number {
    return this.#rows.size;
  }

  /** Adds a frame unless more than `maxRows` rows would be touched then. A first frame is always added. */
  tryAdd(frame: ClickFrame, region: string, maxRows: number): boolean {
    const more = new ClickSums(this.#rules);
    more.#add(frame, region);
    if (this.size > 0) {
      let size = this.size;
      for (const id of more.#rows.keys()) if (!this.#rows.has(id)) size += 1;
      if (size > maxRows) return false;
    }
    for (const [id, { target, extra, ...counts }] of more.#rows) {
      const row = this.#rowOf(id, target);
      addCounts(row, counts);
      row.extra += extra;
    }
    return true;
  }

  writeTo(store: ClickStore): void {
    for (const { target, clicks, bots, visitors, extra } of this.#rows.values()) {
      const counts = { clicks, bots, visitors };
      switch (target.is) {
        case 'rollup':
          store.addRollup(target.key, counts);
          break;
        case 'total':
          store.addTotal(target.linkId, counts, extra);
          break;
        case 'orphans':
          store.addOrphans(defaultDomainId, target.hour, extra);
          break;
        case 'orphan slug':
          store.noteOrphanSlug(defaultDomainId, target.slug, {
            hour: target.hour,
            hits: extra,
          });
          break;
        default:
          target satisfies never;
      }
    }
  }

  #add(frame: ClickFrame, region: string): void {
    const { nowMs, datedForMs } = this.#rules;
    const { timeMs } = frame;
    const isDated =
      timeMs >= Math.max(nowMs - datedForMs, firstDatedMs) &&
      timeMs <= Math.min(nowMs + maxAheadMs, lastDatedMs);
    const hour = toHour(isDated ? timeMs : nowMs);
    for (const [linkId, byDetails] of groupClicks(frame.clicks)) {
      const total = this.#rowOf(`total ${linkId}`, { is: 'total', linkId });
      for (const [details, counts] of byDetails) {
        addCounts(total, counts);
        if (isDated) this.#addDated(linkId, hour, { details, counts, region });
        else total.extra += counts.clicks + counts.bots;
      }
    }
    if (frame.orphans > 0) {
      this.#rowOf(`orphans ${hour}`, { is: 'orphans', hour }).extra += frame.orphans;
    }
    for (const slug of frame.orphanSlugs) {
      this.#rowOf(`orphan ${hour} ${slug}`, { is: 'orphan slug', slug, hour }).extra += 1;
    }
  }

  #addDated(
    linkId: number,
    hour: number,
    {
      details,
      counts,
      region,
    }: {
      readonly details: ClickDetails;
      readonly counts: ClickCounts;
      readonly region: string;
    },
  ): void {
    const { referrers } = this.#rules;
    const add = (dimension: RollupKey['dimension'], value: string) => {
      const key = { dimension, hour, linkId, value };
      const id = `${dimension} ${hour} ${linkId} ${value}`;
      addCounts(this.#rowOf(id, { is: 'rollup', key }), counts);
    };
    add('all', '');
    for (const dimension of clickDimensions) {
      const value = (dimension === 'region' ? region : details[dimension]) ?? '';
      add(dimension, dimension === 'referrer' ? referrers.find(linkId, hour, value) : value);
    }
  }

  #rowOf(id: string, target: Row['target']): Row {
    let row = this.#rows.get(id);
    if (row === undefined) {
      row = { target, clicks: 0, bots: 0, visitors: 0, extra: 0 };
      this.#rows.set(id, row);
    }
    return row;
  }
}

/**
 * How often each link, and all of them together, were clicked with which details: most clicks of a busy tick are
 * alike, and each kind of them goes to many rows.
 */
function groupClicks(
  clicks: readonly FrameClick[],
): ReadonlyMap<number, ReadonlyMap<ClickDetails, ClickCounts>> {
  const groups = new Map<number, Map<ClickDetails, MutableCounts>>();
  for (const { linkId, details, isNewVisitor } of clicks) {
    for (const id of [linkId, allLinksId]) {
      const counts = countsOf(groups, id, details);
      // A visitor who is a bot is nobody.
      if (details.isBot) counts.bots += 1;
      else counts.clicks += 1;
      if (isNewVisitor && !details.isBot) counts.visitors += 1;
    }
  }
  return groups;
}

function countsOf(
  groups: Map<number, Map<ClickDetails, MutableCounts>>,
  linkId: number,
  details: ClickDetails,
): MutableCounts {
  const byDetails = groups.get(linkId) ?? new Map<ClickDetails, MutableCounts>();
  if (byDetails.size === 0) groups.set(linkId, byDetails);
  const counts = byDetails.get(details) ?? { clicks: 0, bots: 0, visitors: 0 };
  byDetails.set(details, counts);
  return counts;
}

function addCounts(to: MutableCounts, { clicks, bots, visitors }: ClickCounts): void {
  to.clicks += clicks;
  to.bots += bots;
  to.visitors += visitors;
}
