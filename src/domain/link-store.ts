import type { Domain } from './domain-name.ts';
import type { Link } from './link.ts';
import type { SlugKey } from './slug.ts';

/** The orders a list of links can have; `-` is descending. Ties are broken by id in the same direction. */
export const linkSorts = [
  '-createdAt',
  'createdAt',
  '-updatedAt',
  'updatedAt',
  'slug',
  '-slug',
] as const;
export type LinkSort = (typeof linkSorts)[number];

/** Where the next page begins: after the link with this sort value and id. */
export interface LinkPageStart {
  readonly value: string | number;
  readonly id: number;
}

export interface LinkQuery {
  readonly domainId: number;
  readonly sort: LinkSort;
  /** 1 to 1,000. */
  readonly limit: number;
  /** Part of a slug, destination or title, compared without case. */
  readonly search?: string | undefined;
  readonly after?: LinkPageStart | undefined;
}

export interface LinkPage {
  readonly links: readonly Link[];
  /** Present when there may be more. */
  readonly next?: LinkPageStart;
}

/**
 * Reads links from this node's copy, on any node.
 * Waits for a busy database up to 250 ms, then throws `unavailable`.
 */
export interface LinkReader {
  findLink(domainId: number, slugKey: SlugKey): Promise<Link | undefined>;
  /** Those of the links that exist, by id; at most 1,000 at a time. */
  findLinksById(ids: readonly number[]): Promise<ReadonlyMap<number, Link>>;
  listLinks(query: LinkQuery): Promise<LinkPage>;
  /**
   * All links of a domain whose id is above `afterId`, by id, some at a time. A link that is there from the first read to
   * the last comes exactly once; what is made meanwhile comes at the end.
   */
  exportLinks(domainId: number, afterId: number): AsyncIterable<readonly Link[]>;
  findDomain(id: number): Promise<Domain | undefined>;
}

/**
 * Writes links. Lives in the writer's transaction, hence synchronous. Each method that changes a link, but for `importLink`,
 * adds a row to `changes`, from which every node repairs its memory (docs/architecture.md, "How a redirect walks").
 */
export interface LinkWriteStore {
  findLink(domainId: number, slugKey: SlugKey): Link | undefined;
  findLinkById(id: number): Link | undefined;
  /**
   * The highest id that any link of this database ever had, deleted ones included; 0 before the first.
   * In SQLite that is `sqlite_sequence` of a table with AUTOINCREMENT, not `max(id)`.
   */
  lastLinkId(): number;
  /** How many links the domain has; may be off by what was deleted since the writer opened. */
  countLinks(domainId: number): number;
  /** Throws `not_found`. */
  getDomain(id: number): Domain;
  /** Returns false, and changes nothing, when the slug is taken. */
  insertLink(link: Link): boolean;
  /**
   * Gives the link that has the slug already, and then changes nothing; else inserts this one. Adds no row to `changes`:
   * no node remembers that a slug has no link, and as many rows as an import has would have all nodes forget everything.
   */
  importLink(link: Link): Link | undefined;
  updateLink(link: Link): void;
  deleteLink(link: Link): void;
}
