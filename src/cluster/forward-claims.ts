import type { Headers } from './fleet-auth.ts';

/** What a node says about a request that it forwards. Worth something only under a signature that was verified. */
export interface ForwardClaims {
  /** `operator` when the forwarding node saw an operator's signature. */
  readonly caller: 'client' | 'operator';
  /** The client's address as the forwarding node sees it. */
  readonly clientAddress: string;
  /** How many nodes have forwarded the request, this time included. */
  readonly hops: number;
}

/** Where the private port takes forwarded requests: this, followed by the path of the original. */
export const forwardPrefix = '/forward';

/** The headers that carry the claims. */
export function toClaimHeaders(claims: ForwardClaims): Record<string, string> {
  return {
    'hoplite-caller': claims.caller,
    'hoplite-client-address': claims.clientAddress,
    'hoplite-hops': String(claims.hops),
  };
}

/** Reads the claims of a request whose signature was verified; `undefined` when they are not complete. */
export function readClaims(headers: Headers): ForwardClaims | undefined {
  const caller = headers['hoplite-caller'];
  const clientAddress = headers['hoplite-client-address'];
  const hops = countHops(headers);
  if ((caller !== 'client' && caller !== 'operator') || hops === 0) return undefined;
  return typeof clientAddress === 'string' ? { caller, clientAddress, hops } : undefined;
}

/**
 * How many nodes have forwarded a request, verified or not: a client that claims hops takes nothing but its own way
 * to the primary away. What is no number counts as one.
 */
export function countHops(headers: Headers): number {
  const hops = headers['hoplite-hops'];
  if (hops === undefined) return 0;
  return typeof hops === 'string' && /^\d{1,3}$/.test(hops) ? Number(hops) : 1;
}
