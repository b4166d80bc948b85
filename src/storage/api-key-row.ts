import type { Selectable } from 'kysely';
import type { ApiKey } from '../domain/api-key.ts';
import type { ApiKeysTable } from './schema.ts';

export const apiKeyColumns = [
  'id',
  'name',
  'prefix',
  'secret_hash',
  'created_at',
  'revoked_at',
] as const satisfies readonly (keyof ApiKeysTable)[];

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
