import type { ClickCounts, ClickDimension } from './click.ts';
import type { IntervalStart } from './click-interval.ts';
import type { ClickRange } from './click-range.ts';
import type { ClickBucket, ClickOrder, ClickReader, ClickTotals } from './click-reader.ts';

/** Whether bots are in the clicks of a report: both, people alone, bots alone. */
export const botChoices = ['include', 'exclude', 'only'] as const;
export type BotChoice = (typeof botChoices)[number];

/** How often, as far as a report asked. */
export interface ReportCounts {
  readonly clicks: number;
  /** An estimate of how many people; `null` where only bots are counted. */
  readonly visitors: number | null;
}

/** A point of a series. `ms` is when it begins. */
export interface SeriesPoint extends ReportCounts {
  readonly ms: number;
}

/** How often each value of a dimension; `null` is what is not known. */
export interface ReportValues {
  readonly by: ClickDimension;
  /** The most clicks first. */
  readonly items: readonly (ReportCounts & { readonly value: string | null })[];
  /** Whether there are more than were asked for. */
  readonly hasMore: boolean;
}

/** The clicks of a link, or of all. */
export interface ClickReport {
  /** Of the range: the sum of the series. */
  readonly totals: ReportCounts;
  /** Of every interval that the range touches. */
  readonly series: readonly SeriesPoint[];
  readonly values?: ReportValues;
  /** Since the link was made, whatever range and bots were asked for. */
  readonly allTime: ClickTotals;
}

/** What of a link's clicks to report. */
export interface ReportQuery {
  readonly linkId: number;
  readonly range: ClickRange;
  readonly bots: BotChoice;
  readonly by?: ClickDimension | undefined;
  /** So many values at most. */
  readonly limit: number;
}

/** What a link that was never clicked has. */
export const noClicks: ClickTotals = { clicks: 0, bots: 0, visitors: 0, undated: 0 };

/** Reads a report from this node's copy. Throws `unavailable` when that is busy. */
export async function readClickReport(
  reader: Pick<ClickReader, 'findTotals' | 'listBuckets' | 'listValues'>,
  { linkId, range, bots, by, limit }: ReportQuery,
): Promise<ClickReport> {
  const allTime = (await reader.findTotals([linkId])).get(linkId) ?? noClicks;
  const buckets = await reader.listBuckets(linkId, range);
  const report = {
    totals: toReportCounts(addUp(buckets), bots),
    series: toSeries(buckets, range.starts, bots),
    allTime,
  };
  if (by === undefined) return report;
  // One more than asked for tells whether there are more.
  const found = await reader.listValues(linkId, by, range, toClickOrder(bots), limit + 1);
  const items = found
    .slice(0, limit)
    .map(({ value, ...counts }) => ({ value, ...toReportCounts(counts, bots) }));
  return { ...report, values: { by, items, hasMore: found.length > limit } };
}

/** The order of a list in which what was asked for comes first. */
export function toClickOrder(bots: BotChoice): ClickOrder {
  switch (bots) {
    case 'include':
      return 'all';
    case 'exclude':
      return 'people';
    case 'only':
      return 'bots';
  }
}

/** The part of the counts that was asked for. */
export function toReportCounts(counts: ClickCounts, choice: BotChoice): ReportCounts {
  const { clicks, bots, visitors } = counts;
  switch (choice) {
    case 'include':
      return { clicks: clicks + bots, visitors };
    case 'exclude':
      return { clicks, visitors };
    case 'only':
      return { clicks: bots, visitors: null };
  }
}

/**
 * Spreads buckets over the intervals, which are in the order of time. Each goes whole to the interval in which its
 * middle lies: the hours that were folded into a day of UTC cannot be told apart any more.
 */
export function toSeries(
  buckets: readonly ClickBucket[],
  starts: readonly IntervalStart[],
  bots: BotChoice,
): readonly SeriesPoint[] {
  const byInterval = Map.groupBy(buckets, ({ hour, hours }) =>
    findInterval(starts, hour + Math.floor(hours / 2)),
  );
  return starts.map(({ ms }, index) => ({
    ms,
    ...toReportCounts(addUp(byInterval.get(index) ?? []), bots),
  }));
}

/** The last interval that begins at `hour` or before, or the first. */
function findInterval(starts: readonly IntervalStart[], hour: number): number {
  let first = 0;
  let last = starts.length - 1;
  while (first < last) {
    const middle = Math.ceil((first + last) / 2);
    if ((starts[middle]?.hour ?? 0) <= hour) first = middle;
    else last = middle - 1;
  }
  return first;
}

function addUp(counts: readonly ClickCounts[]): ClickCounts {
  let clicks = 0;
  let bots = 0;
  let visitors = 0;
  for (const each of counts) {
    clicks += each.clicks;
    bots += each.bots;
    visitors += each.visitors;
  }
  return { clicks, bots, visitors };
}
