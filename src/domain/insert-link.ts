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
  type Slug,
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

/** A link but for its slug, which is still to be drawn. */
export type LinkWithoutSlug = Omit<Link, 'slug' | 'slugKey'>;

/** Gives a link the first free slug that is drawn, by inserting it. */
export type InsertGenerated = (withoutSlug: LinkWithoutSlug, slugCase: SlugCase) => Link;

/** A generated slug is drawn so many times at one length before it grows. */
const drawsPerLength = 3;

/**
 * Judges what a new link is to be, but for the times of its making. Throws `invalid` with every broken rule.
 */
export function judgeNewLink(
  input: NewLink,
  policy: DestinationPolicy,
): Omit<
  Link,
  'id' | 'domainId' | 'slug' | 'slugKey' | 'blocked' | 'version' | 'createdAt' | 'updatedAt'
> & { readonly slug: Slug | undefined } {
  const fields = parseFields({
    destination: () => parseDestination(input.destination, policy),
    slug: () => (input.slug === undefined ? undefined : parseSlug(input.slug)),
    title: () => parseTitle(input.title ?? null),
    notBefore: () => parseTime('/notBefore', input.notBefore ?? null),
    expiresAt: () => parseTime('/expiresAt', input.expiresAt ?? null),
  });
  checkTiming(fields, '/expiresAt');
  return {
    ...fields,
    redirectCode: input.redirectCode ?? 302,
    forwardQuery: input.forwardQuery ?? false,
    disabled: input.disabled ?? false,
  };
}

/** Makes the way in which a link alone, or one of a request of many, comes to be. */
export function createInsertLink(deps: InsertLinkDeps): InsertLink {
  const { store, random, destinationPolicy } = deps;
  const insertGenerated = createInsertGenerated(deps);
  return (domainId, input, now) => {
    const { slugCase } = store.getDomain(domainId);
    const { slug, ...fields } = judgeNewLink(input, destinationPolicy);
    const withoutSlug: LinkWithoutSlug = {
      ...fields,
      id: nextLinkId(store.lastLinkId(), now, random),
      domainId,
      blocked: false,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    if (slug === undefined) return insertGenerated(withoutSlug, slugCase);
    const link = { ...withoutSlug, slug, slugKey: foldSlug(slug, slugCase) };
    if (!store.insertLink(link)) throw slugTaken(slug);
    return link;
  };
}

/** Makes the one way in which slugs are drawn. */
export function createInsertGenerated({
  store,
  random,
  minSlugLength,
}: Pick<InsertLinkDeps, 'store' | 'random' | 'minSlugLength'>): InsertGenerated {
  return (withoutSlug, slugCase) => {
    let length = generatedSlugLength(store.countLinks(withoutSlug.domainId), minSlugLength);
    for (; length <= maxSlugLength; length += 1) {
      for (let draw = 0; draw < drawsPerLength; draw += 1) {
        const slug = generateSlug(random, length);
        const link = { ...withoutSlug, slug, slugKey: foldSlug(slug, slugCase) };
        if (store.insertLink(link)) return link;
      }
    }
    throw new Error('every generated slug is taken, which chance cannot explain');
  };
}
