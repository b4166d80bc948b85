import { InvalidArgumentError } from 'commander';

/** The slug out of what a person gives: the slug itself, or a short URL that was copied from somewhere. */
export function parseSlugArgument(text: string): string {
  const slug = (URL.parse(text)?.pathname ?? text).replace(/^\/|\/$/g, '');
  if (slug === '') throw new InvalidArgumentError('It is the slug of a link, such as "sale".');
  return slug;
}

/** Where the API has the link. */
export function toLinkPath(slug: string): string {
  return `/api/v1/links/${encodeURIComponent(slug)}`;
}
