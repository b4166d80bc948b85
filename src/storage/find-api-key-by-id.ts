import { apiKeyColumns } from './api-key-row.ts';
import { defineQuery, readBuilder } from './query.ts';

/** The key with an id, revoked or not: what the writer looks up. */
export const findApiKeyById = defineQuery((p: { id: number }) =>
  readBuilder.selectFrom('api_keys').select(apiKeyColumns).where('id', '=', p.id),
);
