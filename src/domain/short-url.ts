import type { Slug } from './slug.ts';

/** The whole public address of a link: `baseUrl` is an origin without a trailing slash. */
export function toShortUrl(baseUrl: string, slug: Slug): string {
  return `${baseUrl}/${slug}`;
}
