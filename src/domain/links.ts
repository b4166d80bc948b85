import type { Clock } from './clock.ts';
import type { DestinationPolicy } from './destination.ts';
import type { IdempotencyStore } from './idempotency.ts';
import type { Link } from './link.ts';
import type { LinkWriteStore } from './link-store.ts';
import type { Random } from './random.ts';
import type { SlugKey } from './slug.ts';
import type { WriterCommands } from './writer.ts';

/** Names a link from outside. */
export interface LinkRef {
  readonly domainId: number;
  readonly slugKey: SlugKey;
}

export interface CreateLinkResult {
  readonly link: Link;
  /** Whether an earlier request with the same `Idempotency-Key` made the link. */
  readonly repeated: boolean;
}

export interface LinksDeps {
  readonly store: LinkWriteStore;
  readonly idempotency: IdempotencyStore;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly destinationPolicy: DestinationPolicy;
  /** The shortest generated slug. */
  readonly minSlugLength: number;
}

/** The version of a link as an entity tag (RFC 9110 section 8.8.3) without its quotes; never the same for two states. */
export function linkVersionTag(link: Pick<Link, 'id' | 'version' | 'updatedAt'>): string {
  return `${link.id.toString(36)}.${link.version}.${link.updatedAt.toString(36)}`;
}

/** The use cases that write links. They run inside one transaction of the writer and await nothing. */
export function createLinks(
  _deps: LinksDeps,
): Pick<WriterCommands, 'createLink' | 'updateLink' | 'deleteLink'> {
  throw new Error('being written');
}
