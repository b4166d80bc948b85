import type { Connection } from './connection.ts';
import { clickReadBuilder, defineQuery } from './query.ts';

/** How far hours are folded into days. */
export interface Folding {
  /** Clicks of earlier hours are counted by the day alone. The first hour of a day; 0 before the first fold. */
  readonly keptFrom: number;
  /** Raised by each transaction that moves rows. */
  readonly folds: number;
}

const find = defineQuery(() =>
  clickReadBuilder.selectFrom('click_folds').select(['kept_from', 'folds']).where('id', '=', 1),
);

/** Reads it in the transaction of whoever reads the rows too. */
export function readFolding(connection: Connection): Folding {
  const row = connection.get(find, {});
  return { keptFrom: row?.kept_from ?? 0, folds: row?.folds ?? 0 };
}
