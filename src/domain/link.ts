import type { Destination } from './destination.ts';
import type { Slug, SlugKey } from './slug.ts';

/** The status codes a link may redirect with. */
export const redirectCodes = [301, 302, 307, 308] as const;
export type RedirectCode = (typeof redirectCodes)[number];

/** The record that joins a slug to a destination. Times are milliseconds since 1970 UTC. */
export interface Link {
  /** Never used again, also not after a deletion or a failover that lost transactions. */
  readonly id: number;
  readonly domainId: number;
  /** As its creator wrote it. */
  readonly slug: Slug;
  /** Folded: what is looked up and what is unique within the domain. */
  readonly slugKey: SlugKey;
  readonly destination: Destination;
  readonly title: string | null;
  readonly redirectCode: RedirectCode;
  /** Whether the query of a hit is appended to the destination, never over a key that is there. */
  readonly forwardQuery: boolean;
  readonly notBefore: number | null;
  readonly expiresAt: number | null;
  /** Switched off by its owner: 410. */
  readonly disabled: boolean;
  /** Taken down by the operator: 451. */
  readonly blocked: boolean;
  /** Starts at 1, raised by each update. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Names a link from outside. */
export interface LinkRef {
  readonly domainId: number;
  readonly slugKey: SlugKey;
}

/** What decides how a hit is answered. */
export type LinkTiming = Pick<Link, 'notBefore' | 'expiresAt' | 'disabled' | 'blocked'>;

export type LinkState = 'active' | 'pending' | 'expired' | 'disabled' | 'blocked';

/** The state of a link at `now`. A takedown outweighs everything, then the owner's switch. */
export function linkState(link: LinkTiming, now: number): LinkState {
  if (link.blocked) return 'blocked';
  if (link.disabled) return 'disabled';
  if (link.expiresAt !== null && now >= link.expiresAt) return 'expired';
  if (link.notBefore !== null && now < link.notBefore) return 'pending';
  return 'active';
}

/** A title holds at most this many UTF-16 units. */
export const maxTitleLength = 200;

/** Fields of a link that its owner sets; what is left out takes its default. Not yet judged. */
export interface NewLink {
  readonly destination: string;
  readonly slug?: string | undefined;
  readonly title?: string | null | undefined;
  readonly redirectCode?: RedirectCode | undefined;
  readonly forwardQuery?: boolean | undefined;
  readonly notBefore?: number | null | undefined;
  readonly expiresAt?: number | null | undefined;
  readonly disabled?: boolean | undefined;
}

/** Changes to a link: what is left out stays as it is. The slug of a link never changes. */
export interface LinkChanges {
  readonly destination?: string | undefined;
  readonly title?: string | null | undefined;
  readonly redirectCode?: RedirectCode | undefined;
  readonly forwardQuery?: boolean | undefined;
  readonly notBefore?: number | null | undefined;
  readonly expiresAt?: number | null | undefined;
  readonly disabled?: boolean | undefined;
  readonly blocked?: boolean | undefined;
}
