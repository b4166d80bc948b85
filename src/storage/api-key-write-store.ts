import type { ApiKeyWriteStore } from '../domain/api-key.ts';
import { Failure } from '../domain/failure.ts';
import { apiKeyColumns, toApiKey } from './api-key-row.ts';
import type { Connection } from './connection.ts';
import { findApiKeyById } from './find-api-key-by-id.ts';
import { defineQuery, sqlBuilder } from './query.ts';
import { isSqliteError } from './sqlite-error.ts';

interface NewKeyRow {
  name: string;
  prefix: string;
  secret_hash: string;
  created_at: number;
  revoked_at: number | null;
}

const insert = defineQuery((p: NewKeyRow) =>
  sqlBuilder
    .insertInto('api_keys')
    .values({
      name: p.name,
      prefix: p.prefix,
      secret_hash: p.secret_hash,
      created_at: p.created_at,
      revoked_at: p.revoked_at,
    })
    .returning(apiKeyColumns),
);
const revoke = defineQuery((p: { id: number; revokedAt: number | null }) =>
  sqlBuilder.updateTable('api_keys').set({ revoked_at: p.revokedAt }).where('id', '=', p.id),
);

/** The keys of a connection that is in a transaction of the writer. */
export function createApiKeyWriteStore(connection: Connection): ApiKeyWriteStore {
  return {
    findKeyById(id) {
      const row = connection.get(findApiKeyById, { id });
      return row && toApiKey(row);
    },
    insertKey(key) {
      try {
        const row = connection.get(insert, {
          name: key.name,
          prefix: key.prefix,
          secret_hash: key.secretHash,
          created_at: key.createdAt,
          revoked_at: key.revokedAt,
        });
        if (row === undefined) throw new Error('the key was not returned');
        return toApiKey(row);
      } catch (error) {
        if (!isSqliteError(error, 'CONSTRAINT_UNIQUE')) throw error;
        throw new Failure('conflict', 'Another key has this prefix.', {}, error);
      }
    },
    updateKey({ id, revokedAt }) {
      if (connection.run(revoke, { id, revokedAt }) === 0) throw new Error(`there is no key ${id}`);
    },
  };
}
