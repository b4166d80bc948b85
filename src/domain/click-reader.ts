import type { ClickCounts, ClickDimension } from './click.ts';
import type { ClickCursor, ProducerId } from './click-cursor.ts';

/** All clicks of a link since it was made. */
export interface ClickTotals extends ClickCounts {
  /** Clicks, and bots, in these numbers that are in no hour, because the clock of their node could not be believed. */
  readonly undated: number;
}

/** Hours since 1970 UTC: from `fromHour` on, before `toHour`. */
export interface HourRange {
  readonly fromHour: number;
  readonly toHour: number;
}

/** A stretch of time with clicks: one hour, or one UTC day where hours are no longer kept. */
export interface ClickBucket extends ClickCounts {
  /** Its first hour. */
  readonly hour: number;
  /** 1 or 24. */
  readonly hours: number;
}

/** How many clicks share a value. */
export interface ValueCounts extends ClickCounts {
  /** `null` where it is not known. */
  readonly value: string | null;
}

export interface LinkCounts extends ClickCounts {
  readonly linkId: number;
}

/** By which of the counts a list is in order, the most first; what has none of them is not in it. */
export type ClickOrder = 'people' | 'bots' | 'all';

/** Hits on slugs that no link has. */
export interface Orphans {
  readonly hits: number;
  /** Some of the slugs, the newest first. */
  readonly slugs: readonly {
    readonly slug: string;
    readonly hits: number;
    readonly lastHour: number;
  }[];
}

/**
 * Reads counts from this node's copy of `clicks.db`, on any node. `linkId` may be `allLinksId`.
 * Long reads are cut into short ones. A node without the database yet has counted nothing. Waits for a busy
 * database up to 250 ms, then throws `unavailable`.
 */
export interface ClickReader {
  /** Of each link that was ever clicked. */
  findTotals(linkIds: readonly number[]): Promise<ReadonlyMap<number, ClickTotals>>;
  /** The first hour of a UTC day: from it on counts are by the hour, earlier ones by the day. 0 when all are by the hour. */
  findKeptFrom(): Promise<number>;
  /** In the order of time, without empty ones; a day when its first hour is in the range. */
  listBuckets(linkId: number, range: HourRange): Promise<readonly ClickBucket[]>;
  /** The values with the most clicks (`people`), bots, or both, at most `limit`. */
  listValues(
    linkId: number,
    dimension: ClickDimension,
    range: HourRange,
    order: ClickOrder,
    limit: number,
  ): Promise<readonly ValueCounts[]>;
  /** The links with the most clicks (`people`), bots, or both, at most `limit`. */
  listTopLinks(range: HourRange, order: ClickOrder, limit: number): Promise<readonly LinkCounts[]>;
  findOrphans(domainId: number, range: HourRange): Promise<Orphans>;
  findCursor(producer: ProducerId): Promise<ClickCursor | undefined>;
}
