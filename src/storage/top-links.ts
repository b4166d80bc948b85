import { allLinksId, hoursPerDay } from '../domain/click.ts';
import type { ClickOrder, HourRange, LinkCounts } from '../domain/click-reader.ts';
import { CountSums, countColumns, weigh } from './click-counts.ts';
import { firstHourOf } from './click-days.ts';
import { findTotalId } from './click-ids.ts';
import { readKeptFrom } from './click-kept-from.ts';
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

/** How many links are added up at a time: a few megabytes. More of them take more rounds, and stay exact. */
export const linksPerRound = 20_000;

interface CountRow extends CountColumns {
  readonly total_id: number;
}

interface RowsOf {
  readonly after: number;
  readonly last: number;
  readonly limit: number;
}

const listOfDay = defineQuery((p: RowsOf & { day: number }) =>
  clickReadBuilder
    .selectFrom('click_days')
    .select(['total_id', ...countColumns])
    .where('day', '=', p.day)
    .where('total_id', '>', p.after)
    .where('total_id', '<=', p.last)
    .orderBy('total_id')
    .limit(p.limit),
);
const listOfHour = defineQuery((p: RowsOf & { hour: number }) =>
  clickReadBuilder
    .selectFrom('click_hours')
    .select(['total_id', ...countColumns])
    .where('hour', '=', p.hour)
    .where('total_id', '>', p.after)
    .where('total_id', '<=', p.last)
    .orderBy('total_id')
    .limit(p.limit),
);
const findLastHour = defineQuery(() =>
  clickReadBuilder.selectFrom('click_hours').select('hour').orderBy('hour', 'desc').limit(1),
);
const findLastTotal = defineQuery(() =>
  clickReadBuilder.selectFrom('click_totals').select('id').orderBy('id', 'desc').limit(1),
);
const findLink = defineQuery((p: { id: number }) =>
  clickReadBuilder.selectFrom('click_totals').select('link_id').where('id', '=', p.id),
);

/** A stretch of time whose rows are read. */
type Span = { readonly day: number } | { readonly hour: number };

/** What is to be added up, as it stands when it begins. */
interface Plan {
  readonly keptFrom: number;
  readonly spans: readonly Span[];
  /** The highest number of a link; higher ones were never clicked when it began. */
  readonly lastTotalId: number;
  /** The number of all links together. */
  readonly allTotalId: number | undefined;
}

/** Where reading goes on: in a round, at a span, with the links after one. Without a plan it begins. */
interface TopPlace {
  readonly plan?: Plan;
  /** Links up to this number are done. */
  readonly done: number;
  readonly span: number;
  readonly after: number;
}

interface TopStep {
  readonly plan: Plan;
  /** Whether hours that are in the plan may have been folded meanwhile. */
  readonly isVoid: boolean;
  readonly rows: readonly CountRow[];
  readonly endsRound: boolean;
}

/**
 * Lists the links with the most clicks in a range: of whole days from one row a link and day, else by the hour. A day
 * whose hours are no longer kept counts where its first hour does. Exact for any number of links, in bounded memory.
 */
export async function listTopLinks(
  connection: ReaderConnection,
  range: HourRange,
  asked: { readonly order: ClickOrder; readonly limit: number },
): Promise<readonly LinkCounts[]> {
  for (;;) {
    const links = await addUp(connection, range, asked);
    if (links !== undefined) return links;
  }
}

function toPlan(connection: Connection, range: HourRange): Plan {
  const keptFrom = readKeptFrom(connection);
  const { first, last } = toDaySpan(connection, range);
  // Today is whole when nothing comes after the range.
  const lastHour = connection.get(findLastHour, {})?.hour ?? 0;
  const toHour = range.toHour > lastHour ? Number.POSITIVE_INFINITY : range.toHour;
  const spans: Span[] = [];
  for (let day = first; day <= last; day += 1) {
    const firstHour = firstHourOf(day);
    const from = Math.max(firstHour, range.fromHour);
    const to = Math.min(firstHour + hoursPerDay, toHour);
    if (firstHour < keptFrom || to - from === hoursPerDay) {
      if (from === firstHour) spans.push({ day });
    } else {
      for (let hour = from; hour < to; hour += 1) spans.push({ hour });
    }
  }
  return {
    keptFrom,
    spans,
    lastTotalId: connection.get(findLastTotal, {})?.id ?? 0,
    allTotalId: findTotalId(connection, allLinksId),
  };
}

/** `undefined` when hours were folded meanwhile, and it has to begin again. */
async function addUp(
  connection: ReaderConnection,
  range: HourRange,
  { order, limit }: { readonly order: ClickOrder; readonly limit: number },
): Promise<readonly LinkCounts[] | undefined> {
  const top = new TopList<readonly [number, CountColumns]>(limit);
  const sums = new CountSums();
  const first = { done: 0, span: 0, after: 0 };
  const read = (c: Connection, place: TopPlace) => readRows(c, range, place);
  for await (const { plan, isVoid, rows, endsRound } of readInSteps(connection, first, read)) {
    if (isVoid) return undefined;
    for (const row of rows) if (row.total_id !== plan.allTotalId) sums.add(row.total_id, row);
    if (!endsRound) continue;
    for (const sum of sums) top.add(weigh(sum[1], order), sum);
    sums.clear();
  }
  const links = await readEach(connection, top.toArray(), (c, [id, counts]) => {
    const linkId = c.get(findLink, { id })?.link_id;
    return linkId === undefined ? undefined : { linkId, ...counts };
  });
  // A failover can take back the first click of a link while this reads.
  return links.filter((link) => link !== undefined);
}

/** The plan is made in the same read as the first rows, so that a short list is of one state of the database. */
function readRows(
  connection: Connection,
  range: HourRange,
  from: TopPlace,
): Step<TopPlace, TopStep> {
  const plan = from.plan ?? toPlan(connection, range);
  if (readKeptFrom(connection) !== plan.keptFrom) {
    return { found: { plan, isVoid: true, rows: [], endsRound: false }, next: undefined };
  }
  const last = Math.min(from.done + linksPerRound, plan.lastTotalId);
  const rows: CountRow[] = [];
  let { span, after } = from;
  for (let cost = 0; cost < stepBudget; ) {
    const at = plan.spans[span];
    if (at === undefined) {
      const next = last < plan.lastTotalId ? { plan, done: last, span: 0, after: last } : undefined;
      return { found: { plan, isVoid: false, rows, endsRound: true }, next };
    }
    const limit = Math.ceil((stepBudget - cost) / rowCost);
    const of = { after, last, limit };
    const found =
      'day' in at
        ? connection.all(listOfDay, { ...of, ...at })
        : connection.all(listOfHour, { ...of, ...at });
    cost += seekCost + found.length * rowCost;
    rows.push(...found);
    if (found.length === limit) after = found.at(-1)?.total_id ?? last;
    else {
      span += 1;
      after = from.done;
    }
  }
  return {
    found: { plan, isVoid: false, rows, endsRound: false },
    next: { ...from, plan, span, after },
  };
}
