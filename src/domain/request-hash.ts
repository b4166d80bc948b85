import { hash } from 'node:crypto';

/**
 * SHA-256, hex, of a parsed JSON body in canonical form, so that two requests that mean the same compare
 * equal: no white space, members sorted by UTF-16 code units, those that are `undefined` left out (RFC 8785).
 * For bodies that a schema has accepted: it follows them as deep as they go.
 */
export function hashRequest(body: unknown): string {
  return hash('sha256', canonicalJson(body), 'hex');
}

function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
