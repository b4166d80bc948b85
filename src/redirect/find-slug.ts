import { findSlugKey, type Slug } from '../domain/slug.ts';

/** Scheme and authority of a request target in absolute form, which a server must take (RFC 9112 section 3.2.2). */
const origin = /^https?:\/\/[^/?#]*/i;

/**
 * The slug that a request target names: one path segment that follows the grammar of slugs and is not
 * reserved, with one optional slash behind it and any query.
 *
 * A segment is decoded at most once, so `/%73ale` names the same link as `/sale`, and `/%2573ale` none.
 * `undefined` for everything else: two segments, names with a dot or a `+`, `//host`, broken
 * percent-encoding, `*`. The host of an absolute target is as little believed as a `Host` header.
 */
export function findSlug(target: string): Slug | undefined {
  const path = cutQuery(target.startsWith('/') ? target : target.replace(origin, ''));
  if (!path.startsWith('/')) return undefined;
  const segment = path.slice(1, path.length > 1 && path.endsWith('/') ? -1 : undefined);
  return toSlug(segment) ?? (segment.includes('%') ? toSlug(decode(segment)) : undefined);
}

/** The query of a request target with its `?`; empty when there is none. */
export function findQuery(target: string): string {
  const start = target.indexOf('?');
  return start === -1 ? '' : target.slice(start);
}

function cutQuery(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}

/** A slug that no folding has touched: which domain it belongs to is not decided here. */
function toSlug(segment: string): Slug | undefined {
  return findSlugKey(segment, 'sensitive') as string | undefined as Slug | undefined;
}

/** Nothing for broken percent-encoding and for bytes that are not UTF-8: no slug is empty. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return '';
    throw error;
  }
}
