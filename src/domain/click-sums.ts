import { allLinksId, clickDimensions, msPerHour, toHour } from './click.ts';
import type { ClickFrame, FrameClick } from './click-frame.ts';
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

/** Something to be added to one row of the store. */
interface Row {
  readonly target:
    | { readonly is: 'rollup'; readonly key: RollupKey }
    | { readonly is: 'total'; readonly linkId: number }
    | { readonly is: 'orphans'; readonly hour: number }
    | { readonly is: 'orphan slug'; readonly slug: string; readonly hour: number };
  clicks: number;
  bots: number;
  visitors: number;
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
    for (const [id, { target, clicks, bots, visitors, extra }] of more.#rows) {
      const row = this.#rowOf(id, target);
      row.clicks += clicks;
      row.bots += bots;
      row.visitors += visitors;
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
          store.noteOrphanSlug(defaultDomainId, target.slug, target.hour);
          break;
        default:
          target satisfies never;
      }
    }
  }

  #add(frame: ClickFrame, region: string): void {
    const { nowMs, datedForMs } = this.#rules;
    const isDated = frame.timeMs >= nowMs - datedForMs && frame.timeMs <= nowMs + maxAheadMs;
    const hour = toHour(isDated ? frame.timeMs : nowMs);
    for (const click of frame.clicks) {
      for (const linkId of [click.linkId, allLinksId]) {
        const total = this.#rowOf(`total ${linkId}`, { is: 'total', linkId });
        addClick(total, click);
        if (isDated) this.#addDated(linkId, hour, click, region);
        else total.extra += 1;
      }
    }
    if (frame.orphans > 0) {
      this.#rowOf(`orphans ${hour}`, { is: 'orphans', hour }).extra += frame.orphans;
    }
    for (const slug of frame.orphanSlugs) {
      this.#rowOf(`orphan ${hour} ${slug}`, { is: 'orphan slug', slug, hour });
    }
  }

  #addDated(linkId: number, hour: number, click: FrameClick, region: string): void {
    const { referrers } = this.#rules;
    const add = (dimension: RollupKey['dimension'], value: string) => {
      const key = { dimension, hour, linkId, value };
      addClick(
        this.#rowOf(`${dimension} ${hour} ${linkId} ${value}`, { is: 'rollup', key }),
        click,
      );
    };
    add('all', '');
    for (const dimension of clickDimensions) {
      const value = (dimension === 'region' ? region : click.details[dimension]) ?? '';
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

/** A visitor who is a bot is nobody. */
function addClick(row: Row, { details, isNewVisitor }: FrameClick): void {
  if (details.isBot) row.bots += 1;
  else {
    row.clicks += 1;
    if (isNewVisitor) row.visitors += 1;
  }
}
