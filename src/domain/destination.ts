import { invalidField } from './failure.ts';
import { isPrivateName, toCanonicalHost } from './host-name.ts';
import { isPrivateAddress } from './private-address.ts';

/** The URL a link points to: parsed once, stored serialised, `new URL(destination).href === destination`. */
export type Destination = string & { readonly __brand: 'Destination' };

/** A destination has at most this many characters, counted serialised. */
export const maxDestinationLength = 8_192;

/** What the policy needs to know about this installation. */
export interface DestinationPolicy {
  /** Hosts whose URLs are short URLs, on any port and in any spelling: pointing there would loop. */
  readonly ownHosts: readonly string[];
  /** Whether literal private addresses and private names are allowed. */
  readonly allowPrivate: boolean;
}

/**
 * Parses what a client gave as destination: an absolute http or https URL without credentials, not on an own
 * domain, not a literal private address. Throws `invalid` at `/destination`.
 *
 * Everything is judged on the parsed URL, as a browser will read it (docs/facts.md, "A URL is what its parser
 * makes of it"). Only what the parser would drop in silence is refused before: controls, and white space inside.
 */
export function parseDestination(text: string, policy: DestinationPolicy): Destination {
  const trimmed = text.trim();
  if (!text.isWellFormed() || /\p{Cc}/u.test(text) || /\p{Z}/u.test(trimmed)) {
    throw invalidField('/destination', 'A destination has no white space or control characters.');
  }
  const url = URL.parse(trimmed);
  if (url === null) {
    const detail = 'The destination is not an absolute URL, such as https://example.com/page.';
    throw invalidField('/destination', detail);
  }
  const problem = findProblem(url, policy);
  if (problem !== undefined) throw invalidField('/destination', problem);
  return url.href as Destination;
}

/**
 * Whether a stored destination may still be redirected to: rows can be older than the policy, and come
 * from imports and restores.
 */
export function isAllowedDestination(stored: string, policy: DestinationPolicy): boolean {
  const url = URL.parse(stored);
  return url !== null && url.href === stored && findProblem(url, policy) === undefined;
}

/** The first rule that the URL breaks, in a sentence. */
function findProblem(url: URL, policy: DestinationPolicy): string | undefined {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return 'Only http and https destinations are allowed.';
  }
  if (url.username !== '' || url.password !== '') {
    return 'A destination has no user name or password, which can disguise its host.';
  }
  if (url.href.length > maxDestinationLength) {
    return `A destination has at most ${maxDestinationLength} characters.`;
  }
  const host = toCanonicalHost(url.hostname);
  if (host.split('.').includes('')) return 'The host of the destination is not a domain name.';
  if (policy.ownHosts.some((own) => toCanonicalHost(own) === host)) {
    return 'The destination is a short URL of this service.';
  }
  if (!policy.allowPrivate && (isPrivateName(host) || isPrivateAddress(url.hostname))) {
    return 'The destination is a private address.';
  }
  return undefined;
}
