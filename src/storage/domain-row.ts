import type { Selectable } from 'kysely';
import type { Domain, SlugCase } from '../domain/domain-name.ts';
import type { DomainsTable } from './schema.ts';

/** The columns of a domain that the product knows, by name as readers ask for them. */
export const domainColumns = ['id', 'host', 'slug_case'] as const;

/** A row with those columns. */
export type DomainRow = Pick<Selectable<DomainsTable>, (typeof domainColumns)[number]>;

/** A row as a domain. */
export function toDomain(row: DomainRow): Domain {
  return { id: row.id, host: row.host, slugCase: row.slug_case as SlugCase };
}
