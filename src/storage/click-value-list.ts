import { type ClickDimension, hoursPerDay } from '../domain/click.ts';
import type { ClickOrder, HourRange, ValueCounts } from '../domain/click-reader.ts';
import { CountSums, countColumns, weigh } from './click-counts.ts';
import { firstHourOf } from './click-days.ts';
import { dimensionCodes } from './click-dimensions.ts';
import { readFolding } from './click-folding.ts';
import { findTotalId } from './click-ids.ts';
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
/** How many values of an hour, or of a day, are read at once. */
const valuesPerPart = 32;

interface ValueRow extends CountColumns {
  readonly value_id: number;
}

interface PartOf {
  readonly totalId: number;
  readonly dimension: number;
  /** Values with higher numbers. */
  readonly after: number;
}

const findDay = defineQuery((p: { day: number; totalId: number }) =>
  clickReadBuilder
    .selectFrom('click_days')
    .select('day')
    .where('day', '=', p.day)
    .where('total_id', '=', p.totalId),
);
const listOfDay = defineQuery((p: PartOf & { day: number }) =>
  clickReadBuilder
    .selectFrom('click_value_days')
    .select(['value_id', ...countColumns])
    .where('day', '=', p.day)
    .where('total_id', '=', p.totalId)
    .where('dimension', '=', p.dimension)
    .where('value_id', '>', p.after)
    .orderBy('value_id')
    .limit(valuesPerPart),
);
const listOfHour = defineQuery((p: PartOf & { hour: number }) =>
  clickReadBuilder
    .selectFrom('click_value_hours')
    .select(['value_id', ...countColumns])
    .where('hour', '=', p.hour)
    .where('total_id', '=', p.totalId)
    .where('dimension', '=', p.dimension)
    .where('value_id', '>', p.after)
    .orderBy('value_id')
    .limit(valuesPerPart),
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
): Step<ValuePlace, readonly ValueRow[]> {
  const found: ValueRow[] = [];
  const totalId = findTotalId(connection, linkId);
  if (totalId === undefined) return { found, next: undefined };
  const { keptFrom } = readFolding(connection);
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
    const sources = isFolded ? [connection.all(listOfDay, { ...part, day })] : [];
    const hours = isFolded ? wholeDay(firstHour) : cutToRange(firstHour, range);
    for (let hour = Math.max(hours.fromHour, oldestHour); hour < hours.toHour; hour += 1) {
      sources.push(connection.all(listOfHour, { ...part, hour }));
    }
    const end = Math.min(...sources.map(endOf));
    for (const rows of sources) {
      cost += seekCost + rows.length * rowCost;
      found.push(...rows.filter((row) => row.value_id <= end));
    }
    if (end === Number.POSITIVE_INFINITY) day += 1;
    after = end === Number.POSITIVE_INFINITY ? 0 : end;
  }
  return { found, next: day <= span.last ? { day, after } : undefined };
}

/** Up to which value a source was read. */
function endOf(rows: readonly ValueRow[]): number {
  const last = rows[valuesPerPart - 1];
  return last === undefined ? Number.POSITIVE_INFINITY : last.value_id;
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
