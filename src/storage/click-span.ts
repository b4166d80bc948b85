import type { HourRange } from '../domain/click-reader.ts';
import { toDay } from './click-days.ts';
import type { Connection } from './connection.ts';
import { clickReadBuilder, defineQuery } from './query.ts';

const findDay = (direction: 'asc' | 'desc') =>
  defineQuery(() =>
    clickReadBuilder.selectFrom('click_days').select('day').orderBy('day', direction).limit(1),
  );
const findFirst = findDay('asc');
const findLast = findDay('desc');

/** The days from `first` to `last` in which a range has hours and something was clicked; `first` can be later. */
export interface DaySpan {
  readonly first: number;
  readonly last: number;
}

/** Cuts a range, however long, down to the days that there are. */
export function toDaySpan(connection: Connection, { fromHour, toHour }: HourRange): DaySpan {
  const first = connection.get(findFirst, {})?.day ?? 0;
  const last = connection.get(findLast, {})?.day ?? -1;
  return { first: Math.max(first, toDay(fromHour)), last: Math.min(last, toDay(toHour - 1)) };
}
