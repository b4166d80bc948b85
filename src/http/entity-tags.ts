import { Failure } from '../domain/failure.ts';

const tag = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/y;

interface EntityTag {
  readonly weak: boolean;
  /** Without its quotes. */
  readonly opaque: string;
}

/**
 * The versions that an `If-Match` header allows; `undefined` when it allows any (absent, or `*`). Weak tags
 * never match, because `If-Match` compares strongly (RFC 9110 section 13.1.1): a header of weak tags alone
 * allows none. Throws `malformed`.
 */
export function parseIfMatch(header: string | undefined): readonly string[] | undefined {
  const tags = parseTags('If-Match', header);
  return tags === undefined || tags === '*'
    ? undefined
    : tags.filter(({ weak }) => !weak).map(({ opaque }) => opaque);
}

/**
 * Whether `If-None-Match` names the version that the client would get: then it has that already. Weak tags
 * count too (RFC 9110 section 13.1.2). Throws `malformed`.
 */
export function hasVersion(header: string | undefined, version: string): boolean {
  const tags = parseTags('If-None-Match', header);
  return tags === '*' || (tags?.some(({ opaque }) => opaque === version) ?? false);
}

/** Parses a list of entity tags (RFC 9110 section 8.8.3) or `*`. */
function parseTags(
  name: string,
  header: string | undefined,
): '*' | readonly EntityTag[] | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (text === '*') return '*';
  const tags: EntityTag[] = [];
  let at = 0;
  while (at < text.length) {
    tag.lastIndex = at;
    const match = tag.exec(text);
    if (match === null) throw notTags(name);
    tags.push({ weak: match[1] !== undefined, opaque: match[2] ?? '' });
    at = skipComma(text, tag.lastIndex);
    if (at === -1) throw notTags(name);
  }
  if (tags.length === 0) throw notTags(name);
  return tags;
}

/** Where the next tag begins: after a comma or at the end; -1 when something else follows. */
function skipComma(text: string, from: number): number {
  const rest = /^[ \t]*(?:,[ \t,]*|$)/.exec(text.slice(from));
  return rest === null ? -1 : from + rest[0].length;
}

function notTags(name: string): Failure {
  const detail = `${name} must be "*" or a list of entity tags in double quotes.`;
  return new Failure('malformed', detail, { errors: [{ pointer: name, detail }] });
}
