import type { SlugCase } from './domain-name.ts';
import { drawSigns } from './draw-signs.ts';
import { Failure, invalidField } from './failure.ts';
import type { Random } from './random.ts';
import { isReserved } from './reserved-words.ts';

/** The path part that names a link, as its creator wrote it. */
export type Slug = string & { readonly __brand: 'Slug' };

/** A slug in the form that is looked up: folded unless its domain is case-sensitive. */
export type SlugKey = string & { readonly __brand: 'SlugKey' };

/** The 31 signs of generated slugs: digits and lower-case letters without 0, 1, i, l and o. */
export const slugAlphabet = '23456789abcdefghjkmnpqrstuvwxyz';

/** A slug has at most this many signs. */
export const maxSlugLength = 64;

const grammar = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * Parses a custom slug: 1 to 64 ASCII letters, digits, `-` and `_`, the first a letter or digit, and no
 * reserved word in any case. Throws `invalid` at `/slug`.
 */
export function parseSlug(text: string): Slug {
  if (text.length > maxSlugLength) {
    throw invalidField('/slug', `A slug has at most ${maxSlugLength} characters.`);
  }
  if (!grammar.test(text)) {
    throw invalidField(
      '/slug',
      'A slug consists of ASCII letters, digits, "-" and "_", and begins with a letter or digit.',
    );
  }
  if (isReserved(text.toLowerCase())) {
    throw invalidField('/slug', `"${text}" is reserved.`);
  }
  return text as Slug;
}

/** The key of a slug that came with a request; `undefined` when no link can have it. */
export function findSlugKey(text: string, slugCase: SlugCase): SlugKey | undefined {
  if (!grammar.test(text) || isReserved(text.toLowerCase())) return undefined;
  return foldSlug(text as Slug, slugCase);
}

/** Folds a slug to its key. Slugs are ASCII, so lower case is all there is to fold. */
export function foldSlug(slug: Slug, slugCase: SlugCase): SlugKey {
  return (slugCase === 'sensitive' ? slug : slug.toLowerCase()) as string as SlugKey;
}

/** Draws a slug of `length` signs, each equally likely; a reserved word is drawn again. */
export function generateSlug(random: Random, length: number): Slug {
  for (;;) {
    const slug = drawSigns(random, slugAlphabet, length);
    if (!isReserved(slug)) return slug as Slug;
  }
}

/**
 * How long generated slugs are in a domain of `linkCount` links: the shortest length, from `minLength`
 * up, of which links take at most one in 10,000. A guess then rarely hits, and a draw is rarely taken.
 */
export function generatedSlugLength(linkCount: number, minLength: number): number {
  let length = minLength;
  while (slugAlphabet.length ** length < linkCount * 10_000) length += 1;
  return Math.min(length, maxSlugLength);
}

/** The failure for a slug that another link has. */
export function slugTaken(slug: string): Failure {
  const detail = `The slug "${slug}" is taken.`;
  return new Failure('conflict', detail, { errors: [{ pointer: '/slug', detail }] });
}
