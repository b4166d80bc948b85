/**
 * Whether a value of `Sec-Purpose`, `Purpose`, `X-Purpose` or `X-Moz` says that nobody sees the page yet: browsers
 * prefetch and prerender what somebody may click (`prefetch`, `prefetch;prerender`, `prefetch;anonymous-client-ip`)
 * and show previews (`preview`). Source: WHATWG Fetch, "Sec-Purpose"; the others are its predecessors.
 */
export function isPrefetch(purpose: string): boolean {
  return /(?:^|[\s,;])(?:prefetch|prerender|preview)(?=$|[\s,;])/i.test(purpose);
}
