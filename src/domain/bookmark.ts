import type { Progress } from './position.ts';
import type { NodeId } from './role.ts';

/**
 * A point in the history of `links.db`, which a client carries from its write to its next read. Alone the txid is zero:
 * there is one copy, and it has everything.
 */
export interface Bookmark extends Progress {
  /** Tells the epoch from another one of the same number, see `toEpochTag`. */
  readonly epochTag: string;
}

/** The epochs in a copy of `links.db`. */
export interface EpochHistory {
  readonly newest: number;
  /** The tags of the newest epochs, by their numbers; of those long ago there are none. */
  readonly tags: ReadonlyMap<number, string>;
}

/**
 * Where a copy stands to a bookmark. `astray`: the copy and the bookmark have different epochs of the same number, so
 * one of them was lost by a failover, and no waiting brings them together. `unknown`: the copy cannot be read now, or
 * has no position, as alone.
 */
export type Standing = 'reached' | 'behind' | 'astray' | 'unknown';

/** What a node says of itself and a bookmark. What the primary has not reached was lost. */
export interface ToldStanding {
  readonly standing: Standing;
  readonly isPrimary: boolean;
}

/** What the fleet knows of one node and a bookmark; `null` when it does not answer, or does not know itself. */
export interface NodeStanding {
  readonly node: NodeId;
  readonly region: string | null;
  readonly reached: boolean | null;
}

/** What the fleet says of a bookmark. */
export interface FleetStanding {
  /** Every node that is known, this one first. */
  readonly nodes: readonly NodeStanding[];
  /** Whether a failover has lost it; `null` while no primary says. */
  readonly lost: boolean | null;
}

/** Gives bookmarks and honours them. */
export interface Bookmarks {
  /** The bookmark as text, signed: short, and safe in a header, a cookie and a path. */
  format(bookmark: Bookmark): string;
  /** `undefined` for everything that no node of this fleet has given. */
  parse(text: string): Bookmark | undefined;
  /** How far this node's copy is now; `undefined` alone, and when it cannot be told within 250 ms. Never rejects. */
  own(): Promise<Bookmark | undefined>;
  /**
   * Sees to it that a read honours `bookmark`: `serve` when this node has it, if need be after waiting (1 s at most);
   * `replay` when only the primary can answer. On the primary it is always `serve`, at once. Never rejects.
   */
  prepareRead(
    bookmark: Bookmark,
    options: { readonly mayWait: boolean },
  ): Promise<'serve' | 'replay'>;
  /** Where this node stands to `bookmark`, after waiting for at most `waitMs` to reach it. Never rejects. */
  tellStanding(bookmark: Bookmark, waitMs: number): Promise<ToldStanding>;
  /**
   * Asks every known node whether it has reached `bookmark`; each may take `waitMs` to get there. `undefined` when too
   * many ask. Never rejects.
   */
  askFleet(bookmark: Bookmark, waitMs: number): Promise<FleetStanding | undefined>;
}

/** How many of the nodes have reached a bookmark. */
export function countReached({ nodes }: FleetStanding): number {
  return nodes.filter(({ reached }) => reached === true).length;
}
