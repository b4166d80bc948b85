import type { Selectable } from 'kysely';
import type { Destination } from '../domain/destination.ts';
import type { Link, RedirectCode } from '../domain/link.ts';
import type { Slug, SlugKey } from '../domain/slug.ts';
import type { LinksTable } from './schema.ts';

/**
 * The columns of a link by name: a reader that names them works on a newer schema with more columns.
 */
export const linkColumns = [
  'id',
  'domain_id',
  'slug',
  'slug_key',
  'destination',
  'title',
  'redirect_code',
  'forward_query',
  'not_before',
  'expires_at',
  'disabled',
  'blocked',
  'version',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof LinksTable)[];

/** A row of `links`, whole. */
export type LinkRow = Selectable<LinksTable>;

/** Rows were judged when they were written; the destination is judged again when it is redirected to. */
export function toLink(row: LinkRow): Link {
  return {
    id: row.id,
    domainId: row.domain_id,
    slug: row.slug as Slug,
    slugKey: row.slug_key as SlugKey,
    destination: row.destination as Destination,
    title: row.title,
    redirectCode: row.redirect_code as RedirectCode,
    forwardQuery: row.forward_query === 1,
    notBefore: row.not_before,
    expiresAt: row.expires_at,
    disabled: row.disabled === 1,
    blocked: row.blocked === 1,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** A link as a row; STRICT tables know no booleans. */
export function toLinkRow(link: Link): LinkRow {
  return {
    id: link.id,
    domain_id: link.domainId,
    slug: link.slug,
    slug_key: link.slugKey,
    destination: link.destination,
    title: link.title,
    redirect_code: link.redirectCode,
    forward_query: link.forwardQuery ? 1 : 0,
    not_before: link.notBefore,
    expires_at: link.expiresAt,
    disabled: link.disabled ? 1 : 0,
    blocked: link.blocked ? 1 : 0,
    version: link.version,
    created_at: link.createdAt,
    updated_at: link.updatedAt,
  };
}
