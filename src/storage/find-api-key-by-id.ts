import { apiKeyColumns } from './api-key-row.ts';
import { defineQuery, readBuilder } from './query.ts';

export const findApiKeyById = defineQuery((p: { id: number }) =>
  readBuilder.selectFrom('api_keys').select(apiKeyColumns).where('id', '=', p.id),
);
