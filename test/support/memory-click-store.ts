import type { ClickCounts, ClickDimension } from '../../src/domain/click.ts';
import type { ClickCursor, ProducerId } from '../../src/domain/click-cursor.ts';
import {
  batchHashesKept,
  type ClickStore,
  type OrphanHits,
  type RollupKey,
} from '../../src/domain/click-store.ts';

/** Counts of a link as the store has them. */
export interface StoredTotal extends ClickCounts {
  readonly undated: number;
}

/** What a transaction did. */
export interface ClickCommit {
  readonly cursors: readonly ClickCursor[];
  /** Links whose totals it added to. */
  readonly linkIds: readonly number[];
  /** Does it again. */
  readonly changes: readonly (() => void)[];
}

/**
 * A `ClickStore` in memory, with transactions: what was done since `begin` is undone by `rollBack`. It can become what it
 * was after any of its commits, also after those that it has lost since, as by a failover or from a backup.
 */
export class MemoryClickStore implements ClickStore {
  readonly cursors = new Map<ProducerId, ClickCursor>();
  readonly hashes = new Map<string, string>();
  readonly rollups = new Map<string, RollupKey & ClickCounts>();
  readonly totals = new Map<number, StoredTotal>();
  /** Hits by domain and hour. */
  readonly orphans = new Map<string, number>();
  /** The hour a slug was last asked for in, by domain and slug. */
  readonly orphanSlugs = new Map<string, number>();
  /** Called before each cursor that is put, with the one it replaces. */
  onCursor: (before: ClickCursor | undefined, after: ClickCursor) => void = () => undefined;
  /** Called after each change of a link's total. */
  onTotal: (linkId: number, total: StoredTotal) => void = () => undefined;
  /** Calls that touched a row, in the open transaction. */
  rowsTouched = 0;
  #commits: readonly ClickCommit[] = [];
  #changes: (() => void)[] = [];
  #undos: (() => void)[] = [];
  #cursors: ClickCursor[] = [];
  #linkIds: number[] = [];

  /** The transactions that made this state, the oldest first. */
  get commits(): readonly ClickCommit[] {
    return this.#commits;
  }

  begin(): void {
    this.#changes = [];
    this.#undos = [];
    this.#cursors = [];
    this.#linkIds = [];
    this.rowsTouched = 0;
  }

  commit(): void {
    const commit = { cursors: this.#cursors, linkIds: this.#linkIds, changes: this.#changes };
    this.#commits = [...this.#commits, commit];
  }

  rollBack(): void {
    for (const undo of this.#undos.reverse()) undo();
  }

  /** Becomes what these commits of its own once made it. */
  become(commits: readonly ClickCommit[]): void {
    for (const map of [this.cursors, this.hashes, this.rollups, this.totals]) map.clear();
    this.orphans.clear();
    this.orphanSlugs.clear();
    for (const { changes } of commits) for (const change of changes) change();
    this.#commits = commits;
  }

  findCursor(producer: ProducerId): ClickCursor | undefined {
    return this.cursors.get(producer);
  }

  putCursor(cursor: ClickCursor): void {
    this.onCursor(this.cursors.get(cursor.producer), cursor);
    this.#cursors.push(cursor);
    this.#put(this.cursors, cursor.producer, cursor);
  }

  findBatchHash(producer: ProducerId, seq: number): string | undefined {
    return this.hashes.get(`${producer} ${seq}`);
  }

  putBatchHash(producer: ProducerId, seq: number, hash: string): void {
    this.#put(this.hashes, `${producer} ${seq}`, hash);
    this.#put(this.hashes, `${producer} ${seq - batchHashesKept}`, undefined);
  }

  addRollup(key: RollupKey, counts: ClickCounts): void {
    this.rowsTouched += 1;
    const id = idOf(key);
    const { clicks, bots, visitors } = this.rollups.get(id) ?? none;
    this.#put(this.rollups, id, {
      ...key,
      clicks: clicks + counts.clicks,
      bots: bots + counts.bots,
      visitors: visitors + counts.visitors,
    });
  }

  hasRollup(key: RollupKey): boolean {
    return this.rollups.has(idOf(key));
  }

  countValues(dimension: ClickDimension, hour: number, linkId: number): number {
    let count = 0;
    for (const row of this.rollups.values()) {
      if (row.dimension === dimension && row.hour === hour && row.linkId === linkId) count += 1;
    }
    return count;
  }

  addTotal(linkId: number, counts: ClickCounts, undated: number): void {
    this.rowsTouched += 1;
    const before = this.totals.get(linkId) ?? none;
    const total = {
      clicks: before.clicks + counts.clicks,
      bots: before.bots + counts.bots,
      visitors: before.visitors + counts.visitors,
      undated: before.undated + undated,
    };
    this.#put(this.totals, linkId, total);
    this.#linkIds.push(linkId);
    this.onTotal(linkId, total);
  }

  addOrphans(domainId: number, hour: number, hits: number): void {
    this.rowsTouched += 1;
    const id = `${domainId} ${hour}`;
    this.#put(this.orphans, id, (this.orphans.get(id) ?? 0) + hits);
  }

  noteOrphanSlug(domainId: number, slug: string, { hits }: OrphanHits): void {
    this.rowsTouched += 1;
    const id = `${domainId} ${slug}`;
    this.#put(this.orphanSlugs, id, (this.orphanSlugs.get(id) ?? 0) + hits);
  }

  #put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void {
    const before = map.get(key);
    const set = (to: Value | undefined) => {
      if (to === undefined) map.delete(key);
      else map.set(key, to);
    };
    this.#undos.push(() => set(before));
    this.#changes.push(() => set(value));
    set(value);
  }
}

const none: StoredTotal = { clicks: 0, bots: 0, visitors: 0, undated: 0 };

function idOf({ dimension, hour, linkId, value }: RollupKey): string {
  return `${dimension} ${hour} ${linkId} ${value}`;
}
