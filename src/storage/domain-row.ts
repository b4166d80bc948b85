import type { Selectable } from 'kysely';
import type { Domain, SlugCase } from '../domain/domain-name.ts';
import type { DomainsTable } from './schema.ts';

export const domainColumns = ['id', 'host', 'slug_case'] as const;

export type DomainRow = Pick<Selectable<DomainsTable>, (typeof domainColumns)[number]>;

export function toDomain(row: DomainRow): Domain {
  return { id: row.id, host: row.host, slugCase: row.slug_case as SlugCase };
}
