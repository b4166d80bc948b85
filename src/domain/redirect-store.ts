import type { Domain } from './domain-name.ts';
import type { Link } from './link.ts';
import type { SlugKey } from './slug.ts';

/** A slug in its domain: what the redirect path looks up. */
export interface RedirectKey {
  readonly domainId: number;
  readonly slugKey: SlugKey;
}

/** What a redirect needs of a link. */
export type RedirectLink = Pick<
  Link,
  | 'id'
  | 'domainId'
  | 'slugKey'
  | 'destination'
  | 'redirectCode'
  | 'forwardQuery'
  | 'notBefore'
  | 'expiresAt'
  | 'disabled'
  | 'blocked'
>;

/** What one short read transaction finds. */
export interface RedirectSnapshot {
  /** How many primaries there have been. A new one means: forget everything. */
  readonly epoch: number;
  /** The number of the newest change, whether its row is still there or not. */
  readonly revision: number;
  /**
   * Keys changed after `sinceRevision`; `undefined` when the log no longer reaches back that far, or counts the
   * changes of another primary: two can begin an epoch of the same number when a failover loses the first.
   */
  readonly changed: readonly RedirectKey[] | undefined;
  /** One entry per key asked for, in the same order. */
  readonly links: readonly (RedirectLink | undefined)[];
  readonly domains: readonly Domain[];
}

/**
 * The redirect path's view of this node's copy. Synchronous and never blocking: `busy` means
 * "cannot tell now, ask again in the next tick", `absent` that this node has no database yet.
 */
export interface RedirectStore {
  /**
   * On LiteFS it sheds SQLite's private pages first (docs/facts.md, "Pages go stale without a trace").
   * A `sinceRevision` past the newest asks for no changes. Other errors than the two words are thrown.
   */
  read(sinceRevision: number, keys: readonly RedirectKey[]): RedirectSnapshot | 'busy' | 'absent';
}

/**
 * Opaque mark of the state of this node's copy, equal only while nothing was committed or replicated here;
 * `undefined` while it cannot be told, as without a database. In a fleet it is the position as text, the txid
 * first; alone SQLite's data version. One that is smaller than an earlier one means that the copy went back in time.
 */
export type Stamp = () => string | number | undefined;
