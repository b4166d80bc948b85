import { allLinksId, type ClickCounts, type ClickDimension } from '../../src/domain/click.ts';
import type {
  ClickBucket,
  ClickOrder,
  ClickReader,
  ClickTotals,
  HourRange,
  Orphans,
} from '../../src/domain/click-reader.ts';
import { noClicks } from '../../src/domain/click-report.ts';
import { Failure } from '../../src/domain/failure.ts';

/** Clicks of a test: where they are counted, and how many. */
export interface CountedClicks extends Partial<ClickCounts> {
  readonly linkId: number;
  readonly hour: number;
  /** 24 for a day whose hours were folded; `hour` is its first one then. */
  readonly hours?: 1 | 24;
  readonly values?: Partial<Readonly<Record<ClickDimension, string | null>>>;
}

/** Counts in memory, for whatever reads them. */
export class MemoryClickReader implements ClickReader {
  /** Whether reads fail, as with a database that stays busy. */
  isBusy = false;
  /** From which hour on hours are kept. */
  keptFrom = 0;
  orphans: Orphans = { hits: 0, slugs: [] };
  readonly #clicks: (CountedClicks & ClickCounts)[] = [];
  readonly #totals = new Map<number, ClickTotals>();

  /** Counts for a link, and for all links. */
  count(given: CountedClicks): void {
    const clicks = { ...given, ...fill(given) };
    for (const linkId of [given.linkId, allLinksId]) {
      this.#clicks.push({ ...clicks, linkId });
      this.#addTotal(linkId, clicks, 0);
    }
  }

  /** Counts clicks that are in no hour. */
  countUndated(linkId: number, clicks: number): void {
    for (const id of [linkId, allLinksId]) this.#addTotal(id, fill({ clicks }), clicks);
  }

  async findTotals(linkIds: readonly number[]) {
    this.#expectFree();
    return new Map([...this.#totals].filter(([linkId]) => linkIds.includes(linkId)));
  }

  async findKeptFrom() {
    this.#expectFree();
    return this.keptFrom;
  }

  async listBuckets(linkId: number, range: HourRange) {
    this.#expectFree();
    const byHour = Map.groupBy(this.#find(range, linkId), ({ hour }) => hour);
    return [...byHour]
      .map(([hour, rows]): ClickBucket => ({ hour, hours: rows[0]?.hours ?? 1, ...addUp(rows) }))
      .sort((a, b) => a.hour - b.hour);
  }

  async listValues(
    linkId: number,
    dimension: ClickDimension,
    range: HourRange,
    order: ClickOrder,
    limit: number,
  ) {
    this.#expectFree();
    const rows = this.#find(range, linkId);
    const byValue = Map.groupBy(rows, ({ values }) => values?.[dimension] ?? null);
    return inOrder(
      [...byValue].map(([value, of]) => ({ value, ...addUp(of) })),
      order,
      limit,
    );
  }

  async listTopLinks(range: HourRange, order: ClickOrder, limit: number) {
    this.#expectFree();
    const rows = this.#find(range).filter(({ linkId }) => linkId !== allLinksId);
    const byLink = Map.groupBy(rows, ({ linkId }) => linkId);
    return inOrder(
      [...byLink].map(([linkId, of]) => ({ linkId, ...addUp(of) })),
      order,
      limit,
    );
  }

  async findOrphans() {
    this.#expectFree();
    return this.orphans;
  }

  async findCursor() {
    return undefined;
  }

  #find({ fromHour, toHour }: HourRange, linkId?: number) {
    return this.#clicks.filter(
      (each) =>
        each.hour >= fromHour &&
        each.hour < toHour &&
        (linkId === undefined || each.linkId === linkId),
    );
  }

  #addTotal(linkId: number, counts: ClickCounts, undated: number): void {
    const before = this.#totals.get(linkId) ?? noClicks;
    this.#totals.set(linkId, { ...addUp([before, counts]), undated: before.undated + undated });
  }

  #expectFree(): void {
    if (!this.isBusy) return;
    throw new Failure('unavailable', 'The clicks are busy.', { retryAfterS: 1 });
  }
}

function fill({ clicks = 0, bots = 0, visitors = 0 }: Partial<ClickCounts>): ClickCounts {
  return { clicks, bots, visitors };
}

function addUp(rows: readonly ClickCounts[]): ClickCounts {
  return rows.reduce(
    (sum, row) => ({
      clicks: sum.clicks + row.clicks,
      bots: sum.bots + row.bots,
      visitors: sum.visitors + row.visitors,
    }),
    fill({}),
  );
}

function inOrder<T extends ClickCounts>(rows: readonly T[], order: ClickOrder, limit: number): T[] {
  const weigh = ({ clicks, bots }: T) => ({ people: clicks, bots, all: clicks + bots })[order];
  return rows
    .filter((row) => weigh(row) > 0)
    .sort((a, b) => weigh(b) - weigh(a))
    .slice(0, limit);
}
