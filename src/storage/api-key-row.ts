import type { Selectable } from 'kysely';
import type { ApiKey } from '../domain/api-key.ts';
import type { ApiKeysTable } from './schema.ts';

/** The columns of a key, by name as readers ask for them. */
export const apiKeyColumns = [
  'id',
  'name',
  'prefix',
  'secret_hash',
  'created_at',
  'revoked_at',
] as const satisfies readonly (keyof ApiKeysTable)[];

/** A row as a key of the domain. */
export function toApiKey(row: Selectable<ApiKeysTable>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    secretHash: row.secret_hash,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}
