import type { ApiKeyReader } from '../domain/api-key.ts';
import { apiKeyColumns, toApiKey } from './api-key-row.ts';
import { defineQuery, readBuilder } from './query.ts';
import type { ReaderConnection } from './reader-connection.ts';

const findByPrefix = defineQuery((p: { prefix: string }) =>
  readBuilder.selectFrom('api_keys').select(apiKeyColumns).where('prefix', '=', p.prefix),
);
const list = defineQuery(() =>
  readBuilder.selectFrom('api_keys').select(apiKeyColumns).orderBy('id'),
);
/** The API keys of this node's copy, revoked ones included. */
export function createApiKeyReader(connection: ReaderConnection): ApiKeyReader {
  return {
    async findKeyByPrefix(prefix) {
      const row = await connection.readPatiently((c) => c.get(findByPrefix, { prefix }));
      return row && toApiKey(row);
    },
    async listKeys() {
      const rows = await connection.readPatiently((c) => c.all(list, {}));
      return rows.map(toApiKey);
    },
  };
}
