import { type Cookie, createCookie } from './cookie.ts';

/** Longer than a replica is behind on any day but a bad one; then its pages say that they may be old. */
const lifetimeMs = 5 * 60_000;

/** The cookie that brings the bookmark of a browser's last write to the next page. */
export function createBookmarkCookie(baseUrl: string): Cookie {
  return createCookie({ baseUrl, name: 'hoplite-bookmark', sameSite: 'Lax', lifetimeMs });
}
