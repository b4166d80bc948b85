import type { Destination } from '../../src/domain/destination.ts';
import { defaultDomainId } from '../../src/domain/domain-name.ts';
import type { Link } from '../../src/domain/link.ts';
import { foldSlug, type Slug } from '../../src/domain/slug.ts';

/** A stored link for tests; what is not given has the value of a plain link made at 2026-01-01. */
export function makeLink({
  slug = 'sale',
  destination = 'https://example.com/',
  ...given
}: Partial<Omit<Link, 'slug' | 'destination' | 'slugKey'>> & {
  readonly slug?: string;
  readonly destination?: string;
} = {}): Link {
  return {
    id: 1,
    domainId: defaultDomainId,
    slug: slug as Slug,
    slugKey: foldSlug(slug as Slug, 'insensitive'),
    destination: destination as Destination,
    title: null,
    redirectCode: 302,
    forwardQuery: false,
    notBefore: null,
    expiresAt: null,
    disabled: false,
    blocked: false,
    version: 1,
    createdAt: Date.UTC(2026, 0),
    updatedAt: Date.UTC(2026, 0),
    ...given,
  };
}
