import { defaultDomainId, type SlugCase } from '../domain/domain-name.ts';
import { Failure } from '../domain/failure.ts';
import type { LinkRef } from '../domain/link.ts';
import { findSlugKey } from '../domain/slug.ts';

/** The link that a path of the API names. Throws `not_found` for what no link can have as a slug. */
export function toLinkRef(slug: string, slugCase: SlugCase): LinkRef {
  const slugKey = findSlugKey(slug, slugCase);
  if (slugKey === undefined) throw noSuchLink();
  return { domainId: defaultDomainId, slugKey };
}

export function noSuchLink(): Failure {
  return new Failure('not_found', 'There is no such link.');
}
