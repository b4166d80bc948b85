import type { ClickCursor, ProducerId } from '../domain/click-cursor.ts';
import type { ProducersTable } from './click-schema.ts';
import { clickReadBuilder, defineQuery } from './query.ts';

/** The cursor of a producer: what the writer moves and spools ask for. */
export const findProducer = defineQuery((p: { producer: string }) =>
  clickReadBuilder
    .selectFrom('producers')
    .select(['producer', 'seq', 'merged', 'hash', 'is_complete', 'clicks', 'lost'])
    .where('producer', '=', p.producer),
);

/** A row as a cursor. */
export function toCursor(row: ProducersTable): ClickCursor {
  return {
    producer: row.producer as ProducerId,
    seq: row.seq,
    merged: row.merged,
    hash: row.hash,
    isComplete: row.is_complete === 1,
    clicks: row.clicks,
    lost: row.lost,
  };
}

/** A cursor as a row; STRICT tables know no booleans. */
export function toProducerRow(cursor: ClickCursor): ProducersTable {
  return {
    producer: cursor.producer,
    seq: cursor.seq,
    merged: cursor.merged,
    hash: cursor.hash,
    is_complete: cursor.isComplete ? 1 : 0,
    clicks: cursor.clicks,
    lost: cursor.lost,
  };
}
