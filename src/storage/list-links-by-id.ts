import { sql } from 'kysely';
import { linkColumns } from './link-row.ts';
import { defineQuery, readBuilder } from './query.ts';

/** How many links of an export are read at once: they take some 1.5 ms, in which nothing is redirected. */
export const linksPerExportStep = 250;

/**
 * The next links of a domain by id. The plus sign keeps SQLite from an index of the domain, by which it would sort all links
 * for each step (https://www.sqlite.org/optoverview.html, "Disqualifying WHERE Clause Terms Using Unary-+").
 */
export const listLinksById = defineQuery((p: { domainId: number; afterId: number }) =>
  readBuilder
    .selectFrom('links')
    .select(linkColumns)
    .where('id', '>', p.afterId)
    .where(sql`+domain_id`, '=', p.domainId)
    .orderBy('id')
    .limit(linksPerExportStep),
);
