import type { EpochRow } from '../domain/epoch-tag.ts';
import type { Connection } from './connection.ts';
import { findEpoch } from './find-epoch.ts';
import { defineQuery, sqlBuilder } from './query.ts';

const insert = defineQuery((p: { epoch: number; node: string; startedAt: number }) =>
  sqlBuilder.insertInto('epochs').values({ epoch: p.epoch, node: p.node, started_at: p.startedAt }),
);

/** Begins the epoch of a new primary, in its first transaction. */
export function raiseEpoch(connection: Connection, node: string, startedAt: number): EpochRow {
  const epoch = (connection.get(findEpoch, {})?.epoch ?? 0) + 1;
  const row = { epoch, node, startedAt };
  connection.run(insert, row);
  return row;
}
