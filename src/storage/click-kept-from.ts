import type { Connection } from './connection.ts';
import { clickReadBuilder, defineQuery } from './query.ts';

const find = defineQuery(() =>
  clickReadBuilder.selectFrom('click_folds').select('kept_from').where('id', '=', 1),
);

/**
 * The hour from which on clicks are counted by the hour, those before by the day alone: the first hour of a day, 0 before
 * the first fold. To be read in the transaction of whoever reads the rows too.
 */
export function readKeptFrom(connection: Connection): number {
  return connection.get(find, {})?.kept_from ?? 0;
}
