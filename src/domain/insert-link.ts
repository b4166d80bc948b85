import { type DestinationPolicy, parseDestination } from './destination.ts';
import type { SlugCase } from './domain-name.ts';
import type { Link, NewLink } from './link.ts';
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

export interface InsertLinkDeps {
  readonly store: LinkWriteStore;
  readonly random: Random;
  readonly destinationPolicy: DestinationPolicy;
  /** The shortest generated slug. */
  readonly minSlugLength: number;
}

/**
 * Judges a new link, picks its slug where it has none, and inserts it; `now` is when. Throws `invalid` with every broken
 * rule, or `conflict` when the slug is taken; then nothing was inserted.
 */
export type InsertLink = (domainId: number, input: NewLink, now: number) => Link;

/** A generated slug is drawn so many times at one length before it grows. */
const drawsPerLength = 3;

/** Makes the one way in which a link comes to be, alone or among many. */
export function createInsertLink({
  store,
  random,
  destinationPolicy,
  minSlugLength,
}: InsertLinkDeps): InsertLink {
  return (domainId, input, now) => {
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
  };

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
}
