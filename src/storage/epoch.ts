import type { Connection } from './connection.ts';
import { findEpoch } from './find-epoch.ts';
import { defineQuery, sqlBuilder } from './query.ts';

const insert = defineQuery((p: { epoch: number; node: string; startedAt: number }) =>
  sqlBuilder.insertInto('epochs').values({ epoch: p.epoch, node: p.node, started_at: p.startedAt }),
);

/** Begins the epoch of a new primary, in its first transaction; gives its number. */
export function raiseEpoch(connection: Connection, node: string, startedAt: number): number {
  const epoch = (connection.get(findEpoch, {})?.epoch ?? 0) + 1;
  connection.run(insert, { epoch, node, startedAt });
  return epoch;
}
