import { sql } from 'kysely';
import { linkColumns } from './link-row.ts';
import { defineQuery, readBuilder } from './query.ts';

/** The links that have one of the ids, which come as a JSON array: one statement for any number of them. */
export const findLinksByIds = defineQuery((p: { ids: string }) =>
  readBuilder
    .selectFrom('links')
    .select(linkColumns)
    .where('id', 'in', sql<number>`(select value from json_each(${p.ids}))`),
);
