import { domainColumns } from './domain-row.ts';
import { defineQuery, readBuilder } from './query.ts';

/** The domain with an id. */
export const findDomainById = defineQuery((p: { id: number }) =>
  readBuilder.selectFrom('domains').select(domainColumns).where('id', '=', p.id),
);
