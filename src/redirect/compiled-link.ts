import { type DestinationPolicy, isAllowedDestination } from '../domain/destination.ts';
import { defaultDomainId } from '../domain/domain-name.ts';
import { Failure } from '../domain/failure.ts';
import { forwardQuery } from '../domain/forward-query.ts';
import { type LinkTiming, linkState, type RedirectCode } from '../domain/link.ts';
import type { RedirectKey, RedirectLink } from '../domain/redirect-store.ts';
import { findQuery } from './find-slug.ts';

/** The answer that sends a visitor on. `location` is visible ASCII: it is written to the wire as it is. */
export interface Redirect {
  readonly code: RedirectCode;
  readonly location: string;
}

/** What a hit on a link depends on besides the link: the time and the query. */
export interface Conditions {
  readonly timing: LinkTiming;
  readonly forwardQuery: boolean;
}

/** A link made ready for answers. A plain one is itself the redirect. */
export interface CompiledLink extends Redirect {
  /** Its key in memory. */
  readonly key: string;
  readonly id: number;
  /** Why the link redirects nobody, or what has to be looked at first; `undefined` for a plain link. */
  readonly special: Failure | Conditions | undefined;
}

/** No such link, or not yet: the same words for both, so that nobody learns of a link before its time. */
export const unknownLink = new Failure('not_found', 'There is no link at this address.');

const goneLink = new Failure('gone', 'This link has expired or was switched off by its owner.');
const blockedLink = new Failure(
  'blocked',
  'This link was taken down by the operator of this service.',
);
const refusedDestination = new Failure(
  'blocked',
  'This service does not redirect to the destination of this link.',
);

/** Why links redirect nobody. */
export const refusals = [goneLink, blockedLink, refusedDestination] as const;

/** The key of a link in memory. No slug holds a slash. */
export function cacheKey({ domainId, slugKey }: RedirectKey): string {
  return domainId === defaultDomainId ? slugKey : `${slugKey}/${domainId}`;
}

/**
 * Makes a link ready for answers. The destination is judged once more, because a row can be older than
 * the policy or come from an import or a restore.
 */
export function compileLink(link: RedirectLink, policy: DestinationPolicy): CompiledLink {
  const isSafe = isAllowedDestination(link.destination, policy) && isVisible(link.destination);
  return {
    key: cacheKey(link),
    id: link.id,
    code: link.redirectCode,
    location: isSafe ? link.destination : '',
    special: findSpecial(link, isSafe),
  };
}

/** What a hit on a link comes to: `target` is its request target, `nowMs` the wall clock. */
export function judgeHit(link: CompiledLink, target: string, nowMs: number): Redirect | Failure {
  const { special } = link;
  if (special === undefined) return link;
  if (special instanceof Failure) return special;
  const failure = judgeTiming(special.timing, nowMs);
  if (failure !== undefined) return failure;
  if (!special.forwardQuery) return link;
  const location = forwardQuery(link.location, findQuery(target));
  return isVisible(location) ? { code: link.code, location } : link;
}

function findSpecial(link: RedirectLink, isSafe: boolean): CompiledLink['special'] {
  if (link.blocked) return blockedLink;
  if (link.disabled) return goneLink;
  if (!isSafe) return refusedDestination;
  const { notBefore, expiresAt, disabled, blocked } = link;
  if (notBefore === null && expiresAt === null && !link.forwardQuery) return undefined;
  return {
    timing: { notBefore, expiresAt, disabled, blocked },
    forwardQuery: link.forwardQuery,
  };
}

function judgeTiming(timing: LinkTiming, nowMs: number): Failure | undefined {
  const state = linkState(timing, nowMs);
  switch (state) {
    case 'active':
      return undefined;
    case 'pending':
      return unknownLink;
    case 'expired':
    case 'disabled':
      return goneLink;
    case 'blocked':
      return blockedLink;
    default:
      return state satisfies never;
  }
}

/** Whether text can stand in a head as it is: no control, no space, nothing beyond ASCII. */
function isVisible(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
