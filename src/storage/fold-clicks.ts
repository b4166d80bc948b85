import { sql } from 'kysely';
import { hoursPerDay } from '../domain/click.ts';
import { firstHourOf, toDay } from './click-days.ts';
import { readKeptFrom } from './click-kept-from.ts';
import type { ClickFoldsTable } from './click-schema.ts';
import type { Connection } from './connection.ts';
import { clickBuilder, clickReadBuilder, defineQuery } from './query.ts';

/** A transaction moves no more rows than this, so that it holds up nobody for long. */
const rowsPerFold = 5_000;
/** The primary folds once an hour, so what was off for three months has caught up in two days. */
export const daysPerMove = 2;

const hourKey = ['hour', 'total_id'] as const;
const valueHourKey = ['hour', 'total_id', 'dimension', 'value_id'] as const;
type Place = Readonly<Record<(typeof hourKey)[number], number>>;
type ValuePlace = Readonly<Record<(typeof valueHourKey)[number], number>>;

const findValuePlace = defineQuery((p: { keptFrom: number; skip: number }) =>
  clickReadBuilder
    .selectFrom('click_value_hours')
    .select(valueHourKey)
    .where('hour', '<', p.keptFrom)
    .orderBy('hour')
    .orderBy('total_id')
    .orderBy('dimension')
    .orderBy('value_id')
    .limit(1)
    .offset(p.skip),
);
const addToDays = defineQuery((p: ValuePlace) => ({
  compile: () =>
    sql`
      insert into click_value_days (day, total_id, dimension, value_id, clicks, bots, visitors)
      select hour / ${sql.lit(hoursPerDay)}, total_id, dimension, value_id,
        sum(clicks), sum(bots), sum(visitors)
      from click_value_hours
      where (hour, total_id, dimension, value_id) <=
        (${p.hour}, ${p.total_id}, ${p.dimension}, ${p.value_id})
      group by 1, 2, 3, 4
      on conflict (day, total_id, dimension, value_id) do update set
        clicks = clicks + excluded.clicks,
        bots = bots + excluded.bots,
        visitors = visitors + excluded.visitors
    `.compile(clickBuilder),
}));
const removeValues = defineQuery((p: ValuePlace) =>
  clickBuilder
    .deleteFrom('click_value_hours')
    .where((e) =>
      e(
        e.refTuple('hour', 'total_id', 'dimension', 'value_id'),
        '<=',
        e.tuple(p.hour, p.total_id, p.dimension, p.value_id),
      ),
    ),
);
const findOldestHour = defineQuery(() =>
  clickReadBuilder.selectFrom('click_hours').select('hour').orderBy('hour').limit(1),
);
const findPlace = defineQuery((p: { keptFrom: number; skip: number }) =>
  clickReadBuilder
    .selectFrom('click_hours')
    .select(hourKey)
    .where('hour', '<', p.keptFrom)
    .orderBy('hour')
    .orderBy('total_id')
    .limit(1)
    .offset(p.skip),
);
const removeHours = defineQuery((p: Place) =>
  clickBuilder
    .deleteFrom('click_hours')
    .where((e) => e(e.refTuple('hour', 'total_id'), '<=', e.tuple(p.hour, p.total_id))),
);
const putKeptFrom = defineQuery((p: ClickFoldsTable) =>
  clickBuilder.replaceInto('click_folds').values({ id: p.id, kept_from: p.kept_from }),
);

/**
 * Adds up what was counted by the hour before `beforeHour` into days, whole days only; takes at most `maxRows` rows
 * out of the tables of hours, the oldest first. Days have always held what links come to, so of those hours the rows
 * are simply deleted.
 *
 * When nothing is left to be folded, a call moves the boundary `kept_from`, from which moment on all before it is read,
 * and added to, by the day. Hence nothing is left behind, and nothing comes after. It moves by two days of what there is
 * at most: hours that are folded never come back, and a clock can be years ahead. Runs in a transaction of the writer.
 */
export function foldClicks(
  connection: Connection,
  { beforeHour }: { readonly beforeHour: number },
  {
    maxRows = rowsPerFold,
    maxDays = daysPerMove,
  }: { readonly maxRows?: number; readonly maxDays?: number } = {},
): { readonly isDone: boolean } {
  const before = readKeptFrom(connection);
  const oldest = connection.get(findOldestHour, {})?.hour;
  if (oldest === undefined) return { isDone: true };
  const keptFrom =
    oldest < before
      ? before
      : Math.max(before, firstHourOf(Math.min(toDay(beforeHour), toDay(oldest) + maxDays)));
  if (keptFrom !== before) connection.run(putKeptFrom, { id: 1, kept_from: keptFrom });
  const { rows, isDone } = foldValues(connection, keptFrom, maxRows);
  return { isDone: isDone && removeOldHours(connection, keptFrom, maxRows - rows) };
}

function foldValues(
  connection: Connection,
  keptFrom: number,
  maxRows: number,
): { readonly rows: number; readonly isDone: boolean } {
  const next = connection.get(findValuePlace, { keptFrom, skip: maxRows });
  const last = connection.get(findValuePlace, { keptFrom, skip: maxRows - 1 }) ?? {
    hour: keptFrom - 1,
    total_id: Number.MAX_SAFE_INTEGER,
    dimension: Number.MAX_SAFE_INTEGER,
    value_id: Number.MAX_SAFE_INTEGER,
  };
  connection.run(addToDays, last);
  return { rows: connection.run(removeValues, last), isDone: next === undefined };
}

/** Gives whether none is left. */
function removeOldHours(connection: Connection, keptFrom: number, maxRows: number): boolean {
  if (maxRows === 0) return false;
  const next = connection.get(findPlace, { keptFrom, skip: maxRows });
  const last = connection.get(findPlace, { keptFrom, skip: maxRows - 1 }) ?? {
    hour: keptFrom - 1,
    total_id: Number.MAX_SAFE_INTEGER,
  };
  connection.run(removeHours, last);
  return next === undefined;
}
