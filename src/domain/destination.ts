import { invalidField } from './failure.ts';

/** The URL a link points to: parsed once, stored serialised, `new URL(destination).href === destination`. */
export type Destination = string & { readonly __brand: 'Destination' };

/** A destination has at most this many characters, counted serialised. */
export const maxDestinationLength = 8_192;

/** What the policy needs to know about this installation. */
export interface DestinationPolicy {
  /** Hosts (without ports) whose URLs are short URLs: pointing there would loop. */
  readonly ownHosts: readonly string[];
  /** Whether literal private addresses and private names are allowed. */
  readonly allowPrivate: boolean;
}

/**
 * Parses what a client gave as destination (reliability-facts 5.3): an absolute http or https URL without
 * credentials, not on an own domain, not a literal private address. Throws `invalid` at `/destination`.
 */
export function parseDestination(text: string, policy: DestinationPolicy): Destination {
  const problem = destinationProblem(text, policy);
  if (problem !== undefined) throw invalidField('/destination', problem);
  return new URL(text).href as Destination;
}

/** Whether a stored destination may still be redirected to: rows can be older than the policy. */
export function isAllowedDestination(stored: string, policy: DestinationPolicy): boolean {
  return destinationProblem(stored, policy) === undefined;
}

function destinationProblem(text: string, policy: DestinationPolicy): string | undefined {
  if (!URL.canParse(text)) return 'The destination is not an absolute URL.';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return 'Only http and https are allowed.';
  if (policy.ownHosts.includes(url.hostname))
    return 'The destination is a short URL of this service.';
  return undefined;
}
