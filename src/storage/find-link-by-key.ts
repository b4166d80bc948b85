import { linkColumns } from './link-row.ts';
import { defineQuery, readBuilder } from './query.ts';

/** The link that a slug names in its domain: what redirects, the API and the writer look up. */
export const findLinkByKey = defineQuery((p: { domainId: number; slugKey: string }) =>
  readBuilder
    .selectFrom('links')
    .select(linkColumns)
    .where('domain_id', '=', p.domainId)
    .where('slug_key', '=', p.slugKey),
);
