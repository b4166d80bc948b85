import { batchHashesKept, type ClickStore } from '../domain/click-store.ts';
import type { ProducerBatchesTable, ProducersTable } from './click-schema.ts';
import type { Connection } from './connection.ts';
import { findProducer, toCursor, toProducerRow } from './producer-row.ts';
import { clickBuilder, clickReadBuilder, defineQuery } from './query.ts';

const putProducer = defineQuery((p: ProducersTable) =>
  clickBuilder.replaceInto('producers').values({
    producer: p.producer,
    seq: p.seq,
    merged: p.merged,
    hash: p.hash,
    is_complete: p.is_complete,
    clicks: p.clicks,
    lost: p.lost,
  }),
);
const findBatch = defineQuery((p: { producer: string; seq: number }) =>
  clickReadBuilder
    .selectFrom('producer_batches')
    .select('hash')
    .where('producer', '=', p.producer)
    .where('seq', '=', p.seq),
);
const putBatch = defineQuery((p: ProducerBatchesTable) =>
  clickBuilder
    .replaceInto('producer_batches')
    .values({ producer: p.producer, seq: p.seq, hash: p.hash }),
);
const removeOldBatches = defineQuery((p: { producer: string; before: number }) =>
  clickBuilder
    .deleteFrom('producer_batches')
    .where('producer', '=', p.producer)
    .where('seq', '<=', p.before),
);

/** The cursors of a connection that is in a transaction of the writer. */
export function createProducerStore(
  connection: Connection,
): Pick<ClickStore, 'findCursor' | 'putCursor' | 'findBatchHash' | 'putBatchHash'> {
  return {
    findCursor(producer) {
      const row = connection.get(findProducer, { producer });
      return row && toCursor(row);
    },
    putCursor(cursor) {
      connection.run(putProducer, toProducerRow(cursor));
    },
    findBatchHash(producer, seq) {
      return connection.get(findBatch, { producer, seq })?.hash;
    },
    putBatchHash(producer, seq, hash) {
      connection.run(putBatch, { producer, seq, hash });
      connection.run(removeOldBatches, { producer, before: seq - batchHashesKept });
    },
  };
}
