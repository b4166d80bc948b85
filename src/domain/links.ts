import type { Clock } from './clock.ts';
import { type DestinationPolicy, parseDestination } from './destination.ts';
import type { SlugCase } from './domain-name.ts';
import { Failure } from './failure.ts';
import { type IdempotencyStore, idempotencyKeptMs } from './idempotency.ts';
import type { Link, LinkChanges } from './link.ts';
import { nextLinkId } from './link-id.ts';
import { checkTiming, parseTime, parseTitle } from './link-rules.ts';
import type { LinkWriteStore } from './link-store.ts';
import { parseFields } from './parse-fields.ts';
import type { Random } from './random.ts';
import {
  foldSlug,
  generatedSlugLength,
  generateSlug,
  maxSlugLength,
  parseSlug,
  slugTaken,
} from './slug.ts';
import type { CreateLinkInput, DeleteLinkInput, WriterCommands } from './writer.ts';

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

/** A generated slug is drawn so many times at one length before it grows. */
const drawsPerLength = 3;

/** So many old idempotency records go with each new one: the table shrinks in steps nobody notices. */
const recordsDeletedPerCreate = 8;

/** The use cases that write links. They run inside one transaction of the writer and await nothing. */
export function createLinks({
  store,
  idempotency,
  clock,
  random,
  destinationPolicy,
  minSlugLength,
}: LinksDeps): Pick<WriterCommands, 'createLink' | 'updateLink' | 'deleteLink'> {
  return {
    createLink(input) {
      const now = clock.now();
      const repeated = findRepeated(input, now);
      if (repeated !== undefined) return { link: repeated, repeated: true };
      const link = insertLink(input, now);
      if (input.idempotency !== undefined) {
        idempotency.putRecord({ ...input.idempotency, linkId: link.id, createdAt: now });
        idempotency.deleteRecords(now - idempotencyKeptMs, recordsDeletedPerCreate);
      }
      return { link, repeated: false };
    },

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
    if (input.idempotency === undefined) return undefined;
    const { scope, key, requestHash } = input.idempotency;
    const record = idempotency.findRecord(scope, key);
    if (record === undefined || now - record.createdAt >= idempotencyKeptMs) return undefined;
    if (record.requestHash !== requestHash) throw keyOfAnotherRequest();
    const link = store.findLinkById(record.linkId);
    if (link === undefined) throw keyOfDeletedLink();
    return link;
  }

  function insertLink({ domainId, link: input }: CreateLinkInput, now: number): Link {
    const { slugCase } = store.getDomain(domainId);
    const fields = parseFields({
      destination: () => parseDestination(input.destination, destinationPolicy),
      slug: () => (input.slug === undefined ? undefined : parseSlug(input.slug)),
      title: () => parseTitle(input.title ?? null),
      notBefore: () => parseTime('/notBefore', input.notBefore ?? null),
      expiresAt: () => parseTime('/expiresAt', input.expiresAt ?? null),
    });
    checkTiming(fields, '/expiresAt');
    const withoutSlug: Omit<Link, 'slug' | 'slugKey'> = {
      id: nextLinkId(store.lastLinkId(), now, random),
      domainId,
      destination: fields.destination,
      title: fields.title,
      redirectCode: input.redirectCode ?? 302,
      forwardQuery: input.forwardQuery ?? false,
      notBefore: fields.notBefore,
      expiresAt: fields.expiresAt,
      disabled: input.disabled ?? false,
      blocked: false,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    if (fields.slug === undefined) return insertGenerated(withoutSlug, slugCase);
    const link = { ...withoutSlug, slug: fields.slug, slugKey: foldSlug(fields.slug, slugCase) };
    if (!store.insertLink(link)) throw slugTaken(fields.slug);
    return link;
  }

  function insertGenerated(withoutSlug: Omit<Link, 'slug' | 'slugKey'>, slugCase: SlugCase): Link {
    let length = generatedSlugLength(store.countLinks(withoutSlug.domainId), minSlugLength);
    for (; length <= maxSlugLength; length += 1) {
      for (let draw = 0; draw < drawsPerLength; draw += 1) {
        const slug = generateSlug(random, length);
        const link = { ...withoutSlug, slug, slugKey: foldSlug(slug, slugCase) };
        if (store.insertLink(link)) return link;
      }
    }
    throw new Error('every generated slug is taken, which chance cannot explain');
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

/** The link with the changes, judged as a whole; the same object when nothing differs. */
function applyChanges(link: Link, changes: LinkChanges, policy: DestinationPolicy): Link {
  const { destination, title, notBefore, expiresAt } = changes;
  const fields = parseFields({
    destination: () =>
      destination === undefined ? link.destination : parseDestination(destination, policy),
    title: () => (title === undefined ? link.title : parseTitle(title)),
    notBefore: () =>
      notBefore === undefined ? link.notBefore : parseTime('/notBefore', notBefore),
    expiresAt: () =>
      expiresAt === undefined ? link.expiresAt : parseTime('/expiresAt', expiresAt),
  });
  checkTiming(fields, expiresAt === undefined ? '/notBefore' : '/expiresAt');
  const changed: Link = {
    ...link,
    ...fields,
    redirectCode: changes.redirectCode ?? link.redirectCode,
    forwardQuery: changes.forwardQuery ?? link.forwardQuery,
    disabled: changes.disabled ?? link.disabled,
    blocked: changes.blocked ?? link.blocked,
  };
  const names = Object.keys(changed) as (keyof Link)[];
  return names.every((name) => changed[name] === link[name]) ? link : changed;
}

function keyOfAnotherRequest(): Failure {
  const detail = 'This Idempotency-Key came with another request before.';
  return new Failure('idempotency_mismatch', detail, {
    errors: [{ pointer: 'Idempotency-Key', detail }],
  });
}

function keyOfDeletedLink(): Failure {
  const detail =
    'The link that this Idempotency-Key made was deleted meanwhile. A new key makes a new link.';
  return new Failure('conflict', detail, { errors: [{ pointer: 'Idempotency-Key', detail }] });
}
