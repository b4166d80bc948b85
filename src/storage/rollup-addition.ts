import { countColumns } from './click-counts.ts';
import type { ClickSchema, CountColumns } from './click-schema.ts';
import type { Query } from './query.ts';

/** The tables of `clicks.db` with rows that are added to, and the columns that say which row. */
type AdditionTable = 'click_hours' | 'click_days' | 'click_value_hours' | 'click_value_days';

/** A statement that adds to the row with a key, which is made when there is none. */
export function defineAddition<Table extends AdditionTable>(
  table: Table,
  key: readonly Exclude<keyof ClickSchema[Table], keyof CountColumns>[],
): Query<ClickSchema[Table], never> {
  const columns = [...key, ...countColumns] as readonly (keyof ClickSchema[Table])[];
  const additions = countColumns.map((column) => `${column} = ${column} + excluded.${column}`);
  return {
    sql:
      `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')}) ` +
      `on conflict (${key.join(', ')}) do update set ${additions.join(', ')}`,
    toValues: (row) => columns.map((column) => row[column]),
  };
}
