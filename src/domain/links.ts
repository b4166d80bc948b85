import { applyChanges } from './apply-changes.ts';
import { createBulkLinks } from './bulk-links.ts';
import type { Clock } from './clock.ts';
import { Failure } from './failure.ts';
import {
  findRepeatedRequest,
  type IdempotencyStore,
  keyOfDeletedLink,
  rememberRequest,
} from './idempotency.ts';
import { createImportLinks } from './import-links.ts';
import { createInsertLink, type InsertLinkDeps } from './insert-link.ts';
import type { Link } from './link.ts';
import type { CreateLinkInput, DeleteLinkInput, WriterCommands } from './writer.ts';

export interface LinksDeps extends InsertLinkDeps {
  readonly idempotency: IdempotencyStore;
  readonly clock: Pick<Clock, 'now'>;
}

/** The version of a link as an entity tag (RFC 9110 section 8.8.3) without its quotes; never the same for two states. */
export function linkVersionTag(link: Pick<Link, 'id' | 'version' | 'updatedAt'>): string {
  return `${link.id.toString(36)}.${link.version}.${link.updatedAt.toString(36)}`;
}

/** The use cases that write links. They run inside one transaction of the writer and await nothing. */
export function createLinks(
  deps: LinksDeps,
): Pick<
  WriterCommands,
  'createLink' | 'createLinks' | 'importLinks' | 'updateLink' | 'deleteLink'
> {
  const { store, idempotency, clock, destinationPolicy } = deps;
  const insertLink = createInsertLink(deps);
  return {
    createLink(input) {
      const now = clock.now();
      const repeated = findRepeated(input, now);
      if (repeated !== undefined) return { link: repeated, repeated: true };
      const link = insertLink(input.domainId, input.link, now);
      if (input.idempotency !== undefined) {
        rememberRequest(idempotency, { ...input.idempotency, linkId: link.id, createdAt: now });
      }
      return { link, repeated: false };
    },

    createLinks: createBulkLinks({ store, insertLink, idempotency, clock }),

    importLinks: createImportLinks(deps),

    updateLink({ changes, ...ref }) {
      const link = getLink(ref);
      const changed = applyChanges(link, changes, destinationPolicy);
      if (changed === link) return link;
      const updated = {
        ...changed,
        version: link.version + 1,
        // The clock may have gone backwards; a link is never older than it was.
        updatedAt: Math.max(clock.now(), link.updatedAt),
      };
      store.updateLink(updated);
      return updated;
    },

    deleteLink(ref) {
      const link = getLink(ref);
      if (link.blocked && ref.keepsBlocked === true) {
        throw new Failure('forbidden', 'This link was taken down: only the admin key deletes it.');
      }
      store.deleteLink(link);
      return link;
    },
  };

  /**
   * The link that an earlier request with the same key made, as it is now. A link deleted since then is not
   * made again: the late retry of a request must not bring back what somebody took away.
   */
  function findRepeated(input: CreateLinkInput, now: number): Link | undefined {
    const record = input.idempotency && findRepeatedRequest(idempotency, input.idempotency, now);
    if (record === undefined) return undefined;
    const link = store.findLinkById(record.linkId);
    if (link === undefined) throw keyOfDeletedLink();
    return link;
  }

  /** Throws `not_found`, and `precondition_failed` when the link is none of the allowed versions. */
  function getLink({ domainId, slugKey, ifMatch }: DeleteLinkInput): Link {
    const link = store.findLink(domainId, slugKey);
    if (link === undefined) throw new Failure('not_found', 'There is no such link.');
    if (ifMatch !== undefined && !ifMatch.includes(linkVersionTag(link))) {
      throw new Failure(
        'precondition_failed',
        'The link was changed meanwhile: none of the tags in If-Match is its present one.',
      );
    }
    return link;
  }
}
