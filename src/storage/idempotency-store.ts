import type { IdempotencyStore } from '../domain/idempotency.ts';
import type { Connection } from './connection.ts';
import { defineQuery, sqlBuilder } from './query.ts';
import type { IdempotencyKeysTable } from './schema.ts';

const find = defineQuery((p: { scope: string; key: string }) =>
  sqlBuilder
    .selectFrom('idempotency_keys')
    .select(['scope', 'key', 'request_hash', 'link_id', 'outcomes', 'created_at'])
    .where('scope', '=', p.scope)
    .where('key', '=', p.key),
);
const put = defineQuery((p: IdempotencyKeysTable) =>
  sqlBuilder.replaceInto('idempotency_keys').values({
    scope: p.scope,
    key: p.key,
    request_hash: p.request_hash,
    link_id: p.link_id,
    outcomes: p.outcomes,
    created_at: p.created_at,
  }),
);
const removeOld = defineQuery((p: { before: number; limit: number }) =>
  sqlBuilder.deleteFrom('idempotency_keys').where(
    (e) => e.refTuple('scope', 'key'),
    'in',
    (e) =>
      e
        .selectFrom('idempotency_keys')
        .select(['scope', 'key'])
        .where('created_at', '<', p.before)
        .orderBy('created_at')
        .limit(p.limit)
        .$asTuple('scope', 'key'),
  ),
);

/** The records of `Idempotency-Key`s, in the writer's transaction. */
export function createIdempotencyStore(connection: Connection): IdempotencyStore {
  return {
    findRecord(scope, key) {
      const row = connection.get(find, { scope, key });
      if (row === undefined) return undefined;
      return {
        scope: row.scope,
        key: row.key,
        requestHash: row.request_hash,
        linkId: row.link_id,
        ...(row.outcomes === null ? {} : { outcomes: row.outcomes }),
        createdAt: row.created_at,
      };
    },
    putRecord(record) {
      connection.run(put, {
        scope: record.scope,
        key: record.key,
        request_hash: record.requestHash,
        link_id: record.linkId,
        outcomes: record.outcomes ?? null,
        created_at: record.createdAt,
      });
    },
    deleteRecords(before, limit) {
      connection.run(removeOld, { before, limit });
    },
  };
}
