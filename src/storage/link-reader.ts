import { setImmediate as nextTick } from 'node:timers/promises';
import type { Link } from '../domain/link.ts';
import type { LinkReader } from '../domain/link-store.ts';
import { toDomain } from './domain-row.ts';
import { findDomainById } from './find-domain-by-id.ts';
import { findLinkByKey } from './find-link-by-key.ts';
import { findLinksByIds } from './find-links-by-ids.ts';
import { canMatch, readLinks, toPageStart } from './link-list.ts';
import { toLink } from './link-row.ts';
import { linksPerExportStep, listLinksById } from './list-links-by-id.ts';
import type { ReaderConnection } from './reader-connection.ts';

/** The links of this node's copy. */
export function createLinkReader(connection: ReaderConnection): LinkReader {
  return {
    async findLink(domainId, slugKey) {
      const row = await connection.readPatiently((c) =>
        c.get(findLinkByKey, { domainId, slugKey }),
      );
      return row && toLink(row);
    },

    async findLinksById(ids) {
      const rows = await connection.readPatiently((c) =>
        c.all(findLinksByIds, { ids: JSON.stringify(ids) }),
      );
      return new Map(rows.map((row) => [row.id, toLink(row)]));
    },

    async listLinks(query) {
      if (!canMatch(query.search ?? '')) return { links: [] };
      const links: Link[] = [];
      let { after } = query;
      do {
        // One more than asked for tells whether there is a next page.
        const step = { ...query, after, limit: query.limit + 1 - links.length };
        const { links: found, next } = await connection.readPatiently((c) => readLinks(c, step));
        links.push(...found);
        after = next;
        if (after !== undefined) await nextTick();
      } while (after !== undefined && links.length <= query.limit);
      const page = links.slice(0, query.limit);
      const last = page.at(-1);
      if (last === undefined || links.length <= query.limit) return { links: page };
      return { links: page, next: toPageStart(last, query.sort) };
    },

    async *exportLinks(domainId, afterId) {
      let last: Link | undefined;
      do {
        const place = { domainId, afterId: last?.id ?? afterId };
        const links = (await connection.readPatiently((c) => c.all(listLinksById, place))).map(
          toLink,
        );
        yield links;
        last = links.length < linksPerExportStep ? undefined : links.at(-1);
        if (last !== undefined) await nextTick();
      } while (last !== undefined);
    },

    async findDomain(id) {
      const row = await connection.readPatiently((c) => c.get(findDomainById, { id }));
      return row && toDomain(row);
    },
  };
}
