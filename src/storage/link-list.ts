import { sql } from 'kysely';
import { maxDestinationLength } from '../domain/destination.ts';
import type { Link } from '../domain/link.ts';
import type { LinkPageStart, LinkQuery, LinkSort } from '../domain/link-store.ts';
import type { Connection } from './connection.ts';
import { linkColumns, toLink } from './link-row.ts';
import { readBuilder } from './query.ts';

type SortColumn = 'created_at' | 'updated_at' | 'slug_key';

const orders: Readonly<Record<LinkSort, readonly [SortColumn, 'asc' | 'desc']>> = {
  '-createdAt': ['created_at', 'desc'],
  createdAt: ['created_at', 'asc'],
  '-updatedAt': ['updated_at', 'desc'],
  updatedAt: ['updated_at', 'asc'],
  slug: ['slug_key', 'asc'],
  '-slug': ['slug_key', 'desc'],
};

/**
 * How many links one step of a search looks at. A read stops redirects on this node and replication to it
 * while it lasts; this many take about 2 ms.
 */
export const linksPerSearchStep = 2_000;

/** Some links of a list, and where looking for more goes on; `undefined` at the end. */
export interface LinkListStep {
  readonly links: readonly Link[];
  readonly next: LinkPageStart | undefined;
}

/** Where the page after `link` begins. */
export function toPageStart(link: Link, sort: LinkSort): LinkPageStart {
  const values = {
    created_at: link.createdAt,
    updated_at: link.updatedAt,
    slug_key: link.slugKey,
  };
  return { value: values[orders[sort][0]], id: link.id };
}

/** Whether any link could match: texts longer than every column, or with a NUL, which LIKE takes for an end. */
export function canMatch(search: string): boolean {
  return search.length <= maxDestinationLength && !search.includes('\0');
}

/**
 * Reads the next links of a list: all `limit` of them, or with a search those that match among the next
 * `linksPerSearchStep`. Letters are compared without case as far as ASCII goes. Runs in a read transaction.
 */
export function readLinks(connection: Connection, query: LinkQuery): LinkListStep {
  const { search } = query;
  if (search === undefined || search === '') {
    const links = connection.allCompiled(inOrder(query).compile()).map(toLink);
    const last = links.at(-1);
    const isFull = last !== undefined && links.length === query.limit;
    return { links, next: isFull ? toPageStart(last, query.sort) : undefined };
  }
  return searchLinks(connection, query, search);
}

function searchLinks(connection: Connection, query: LinkQuery, search: string): LinkListStep {
  const [column, direction] = orders[query.sort];
  const [end] = connection.allCompiled(
    inOrder({ ...query, limit: 1 })
      .clearSelect()
      .select([`${column} as value`, 'id'])
      .offset(linksPerSearchStep - 1)
      .compile(),
  );
  const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  let matching = inOrder(query).where((e) =>
    e.or(
      (['slug', 'destination', 'title'] as const).map(
        (searched) => sql<boolean>`${e.ref(searched)} like ${pattern} escape '\\'`,
      ),
    ),
  );
  if (end !== undefined) {
    matching = matching.where((e) =>
      e(e.refTuple(column, 'id'), direction === 'asc' ? '<=' : '>=', e.tuple(end.value, end.id)),
    );
  }
  const links = connection.allCompiled(matching.compile()).map(toLink);
  const last = links.at(-1);
  if (last !== undefined && links.length === query.limit) {
    return { links, next: toPageStart(last, query.sort) };
  }
  return { links, next: end };
}

function inOrder({ domainId, sort, limit, after }: LinkQuery) {
  const [column, direction] = orders[sort];
  const ordered = readBuilder
    .selectFrom('links')
    .select(linkColumns)
    .where('domain_id', '=', domainId)
    .orderBy(column, direction)
    .orderBy('id', direction)
    .limit(limit);
  if (after === undefined) return ordered;
  return ordered.where((e) =>
    e(
      e.refTuple(column, 'id'),
      direction === 'asc' ? '>' : '<',
      e.tuple(after.value as never, after.id),
    ),
  );
}
