import type { Link } from './link.ts';
import type { LinkWriteStore } from './link-store.ts';

/** Where an import puts its links. */
export interface ImportTarget {
  /** Gives the link that has the slug already, and then changes nothing. */
  insert(link: Link): Link | undefined;
  replace(link: Link): void;
}

/** The links that there are. */
export function createRealTarget(
  store: Pick<LinkWriteStore, 'importLink' | 'updateLink'>,
): ImportTarget {
  return { insert: store.importLink, replace: store.updateLink };
}

/** As if: what would be there is remembered, so that rows of one request meet each other, and nothing is written. */
export function createDryTarget(store: Pick<LinkWriteStore, 'findLink'>): ImportTarget {
  const planned = new Map<string, Link>();
  return {
    insert(link) {
      const there = planned.get(link.slugKey) ?? store.findLink(link.domainId, link.slugKey);
      if (there === undefined) planned.set(link.slugKey, link);
      return there;
    },
    replace(link) {
      planned.set(link.slugKey, link);
    },
  };
}
