import type { ClickCounts, ClickDimension } from './click.ts';
import type { ClickCursor, ProducerId } from './click-cursor.ts';

/** One row of the rollups: a link in an hour, in all (`dimension` is `'all'` and `value` empty) or by a value. */
export interface RollupKey {
  readonly dimension: ClickDimension | 'all';
  /** Hours since 1970 UTC. */
  readonly hour: number;
  /** `allLinksId` for all links of the domain together. */
  readonly linkId: number;
  /** Empty where it is not known. */
  readonly value: string;
}

/** How often a slug that no link has was seen in an hour. */
export interface OrphanHits {
  /** Since 1970 UTC. */
  readonly hour: number;
  readonly hits: number;
}

/** How many batches of a producer, the newest, are known by their hash; of older ones nobody can tell whether they differ. */
export const batchHashesKept = 100;

/**
 * Where clicks are counted. Lives in the writer's transaction on `clicks.db`, hence synchronous: what a merge
 * does through it takes effect together or not at all.
 */
export interface ClickStore {
  findCursor(producer: ProducerId): ClickCursor | undefined;
  putCursor(cursor: ClickCursor): void;
  /** The hash of a batch that was counted completely; kept of the last `batchHashesKept` numbers of each producer. */
  findBatchHash(producer: ProducerId, seq: number): string | undefined;
  putBatchHash(producer: ProducerId, seq: number, hash: string): void;
  /** Adds to a row, which is made when there is none. */
  addRollup(key: RollupKey, counts: ClickCounts): void;
  hasRollup(key: RollupKey): boolean;
  /** How many values a link has in an hour. */
  countValues(dimension: ClickDimension, hour: number, linkId: number): number;
  /** Adds to the total of a link. `undated` are clicks, in `counts` too, whose hour cannot be believed. */
  addTotal(linkId: number, counts: ClickCounts, undated: number): void;
  /** Adds hits on slugs that no link has. */
  addOrphans(domainId: number, hour: number, hits: number): void;
  /** Remembers hits on a slug that no link has; the store keeps a bounded number of such slugs. */
  noteOrphanSlug(domainId: number, slug: string, seen: OrphanHits): void;
}
