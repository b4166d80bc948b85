import { sql } from 'kysely';
import { type ClickDimension, hoursPerDay } from '../domain/click.ts';
import type { ClickOrder, HourRange, ValueCounts } from '../domain/click-reader.ts';
import { CountSums, countColumns, weigh } from './click-counts.ts';
import { firstHourOf } from './click-days.ts';
import { dimensionCodes } from './click-dimensions.ts';
import { findTotalId } from './click-ids.ts';
import { readKeptFrom } from './click-kept-from.ts';
import { findDay, inValueDays, inValueHours, type ValuesOf } from './click-rows.ts';
import type { CountColumns } from './click-schema.ts';
import { toDaySpan } from './click-span.ts';
import type { Connection } from './connection.ts';
import { clickReadBuilder, defineQuery } from './query.ts';
import {
  readEach,
  readInSteps,
  rowCost,
  type Step,
  seekCost,
  stepBudget,
} from './read-in-steps.ts';
import type { ReaderConnection } from './reader-connection.ts';
import { TopList } from './top-list.ts';

/** So many values are added up at a time. Past them the rarest are forgotten, and what is listed may be too small. */
const maxValues = 20_000;
/** How many are left then. */
const keptValues = 10_000;
/** Of a day's hours so many values each are added up at once: about half a millisecond when all have as many. */
const valuesPerPart = 60;
/** What a row costs that SQLite adds up by itself, in the units of a step's budget. */
const addedRowCost = 0.4;

interface ValueSum extends CountColumns {
  readonly value_id: number;
  /** How many rows it is the sum of. */
  readonly rows: number;
}

interface ValuesAfter extends ValuesOf {
  /** Values with higher numbers. */
  readonly after: number;
}

interface ValuesBetween extends ValuesAfter {
  /** The highest number of a value. */
  readonly last: number;
}

const findEndInDay = defineQuery((p: ValuesAfter & { day: number }) =>
  inValueDays(p)
    .select('value_id')
    .where('value_id', '>', p.after)
    .orderBy('value_id')
    .limit(1)
    .offset(valuesPerPart - 1),
);
const findEndInHour = defineQuery((p: ValuesAfter & { hour: number }) =>
  inValueHours(p)
    .select('value_id')
    .where('value_id', '>', p.after)
    .orderBy('value_id')
    .limit(1)
    .offset(valuesPerPart - 1),
);
const sumOfDay = defineQuery((p: ValuesBetween & { day: number }) =>
  inValueDays(p)
    .select(['value_id', ...countColumns, sql<number>`1`.as('rows')])
    .where('value_id', '>', p.after)
    .where('value_id', '<=', p.last),
);
/** `hours` is a JSON array. */
const sumOfHours = defineQuery((p: ValuesBetween & { hours: string }) =>
  clickReadBuilder
    .selectFrom('click_value_hours')
    .select((e) => [
      'value_id',
      e.fn.sum<number>('clicks').as('clicks'),
      e.fn.sum<number>('bots').as('bots'),
      e.fn.sum<number>('visitors').as('visitors'),
      e.fn.countAll<number>().as('rows'),
    ])
    .where('hour', 'in', sql<number>`(select value from json_each(${p.hours}))`)
    .where('total_id', '=', p.totalId)
    .where('dimension', '=', p.dimension)
    .where('value_id', '>', p.after)
    .where('value_id', '<=', p.last)
    .groupBy('value_id'),
);
const findOldestHour = defineQuery(() =>
  clickReadBuilder.selectFrom('click_value_hours').select('hour').orderBy('hour').limit(1),
);
const findValue = defineQuery((p: { id: number }) =>
  clickReadBuilder.selectFrom('click_values').select('value').where('id', '=', p.id),
);

interface ValueQuery {
  readonly linkId: number;
  readonly dimension: ClickDimension;
  readonly range: HourRange;
}

/** Where reading goes on: at a day, with the values after one. */
interface ValuePlace {
  readonly day: number;
  readonly after: number;
}

/**
 * Lists the values of a link in a range, the most frequent first. A value's rows of one day, in whichever tables they
 * are, come from the same state of the database, so that no fold makes one count twice or not at all. A day whose hours
 * are no longer kept counts where its first hour does.
 */
export async function listValues(
  connection: ReaderConnection,
  query: ValueQuery,
  { order, limit }: { readonly order: ClickOrder; readonly limit: number },
): Promise<readonly ValueCounts[]> {
  const sums = new CountSums();
  const read = (c: Connection, place: ValuePlace) => readValues(c, query, place);
  for await (const rows of readInSteps(connection, { day: 0, after: 0 }, read)) {
    for (const row of rows) sums.add(row.value_id, row);
    if (sums.size > maxValues) sums.prune(keptValues);
  }
  const top = new TopList<readonly [number, CountColumns]>(limit);
  for (const sum of sums) top.add(weigh(sum[1], order), sum);
  return readEach(connection, top.toArray(), (c, [id, counts]) => {
    const value = c.get(findValue, { id })?.value ?? '';
    return { value: value === '' ? null : value, ...counts };
  });
}

function readValues(
  connection: Connection,
  { linkId, dimension, range }: ValueQuery,
  from: ValuePlace,
): Step<ValuePlace, readonly ValueSum[]> {
  const found: ValueSum[] = [];
  const totalId = findTotalId(connection, linkId);
  if (totalId === undefined) return { found, next: undefined };
  const keptFrom = readKeptFrom(connection);
  const oldestHour = connection.get(findOldestHour, {})?.hour ?? Number.POSITIVE_INFINITY;
  const span = toDaySpan(connection, range);
  let { day, after } = from.day < span.first ? { day: span.first, after: 0 } : from;
  for (let cost = 0; day <= span.last && cost < stepBudget; ) {
    cost += seekCost;
    const firstHour = firstHourOf(day);
    const isFolded = firstHour < keptFrom;
    const isIn = !isFolded || firstHour >= range.fromHour;
    if (!isIn || connection.get(findDay, { day, totalId }) === undefined) {
      day += 1;
      after = 0;
      continue;
    }
    const part = { totalId, dimension: dimensionCodes[dimension], after };
    const hours = listHours(
      isFolded ? wholeDay(firstHour) : cutToRange(firstHour, range),
      oldestHour,
    );
    const ends = hours.map((hour) => connection.get(findEndInHour, { ...part, hour })?.value_id);
    if (isFolded) ends.push(connection.get(findEndInDay, { ...part, day })?.value_id);
    const last = Math.min(...ends.map((end) => end ?? Number.MAX_SAFE_INTEGER));
    const sums = connection.all(sumOfHours, { ...part, last, hours: JSON.stringify(hours) });
    if (isFolded) sums.push(...connection.all(sumOfDay, { ...part, last, day }));
    for (const { rows } of sums) cost += rowCost + rows * addedRowCost;
    cost += ends.length * seekCost;
    found.push(...sums);
    if (last < Number.MAX_SAFE_INTEGER) after = last;
    else {
      day += 1;
      after = 0;
    }
  }
  return { found, next: day <= span.last ? { day, after } : undefined };
}

/** The hours of a range, without those of which no rows are left. */
function listHours({ fromHour, toHour }: HourRange, oldestHour: number): number[] {
  const hours: number[] = [];
  for (let hour = Math.max(fromHour, oldestHour); hour < toHour; hour += 1) hours.push(hour);
  return hours;
}

function wholeDay(firstHour: number): HourRange {
  return { fromHour: firstHour, toHour: firstHour + hoursPerDay };
}

function cutToRange(firstHour: number, range: HourRange): HourRange {
  return {
    fromHour: Math.max(firstHour, range.fromHour),
    toHour: Math.min(firstHour + hoursPerDay, range.toHour),
  };
}
