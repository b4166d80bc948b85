import { hoursPerDay, msPerHour, toHour } from './click.ts';
import {
  type ClickInterval,
  clickIntervals,
  type IntervalStart,
  listIntervals,
} from './click-interval.ts';
import type { HourRange } from './click-reader.ts';
import { invalidField } from './failure.ts';
import { parseFields } from './parse-fields.ts';
import { startOfLocalDay, type TimeZone, toLocalDay } from './time-zone.ts';

/** An end of a range as a client gives it: a moment, or a whole day of the zone, in days since 1970. */
export type RangeEnd = { readonly ms: number } | { readonly day: number };

/** What a client asks for, still without defaults. */
export interface RangeQuery {
  readonly from?: RangeEnd | undefined;
  readonly to?: RangeEnd | undefined;
  readonly interval?: ClickInterval | undefined;
  readonly zone: TimeZone;
}

/** The hours that a report is about, and how they are shown. */
export interface ClickRange extends HourRange {
  readonly zone: TimeZone;
  readonly interval: ClickInterval;
  readonly starts: readonly IntervalStart[];
  /** Earlier counts are by the UTC day; 0 when all are by the hour. */
  readonly keptFrom: number;
}

/** A series has at most so many points. */
export const maxIntervals = 2_000;

/** A range that is not said begins with the first of so many days. */
export const defaultRangeDays = 30;

/** Without an interval a range of up to three days is shown by the hour, one of up to a year by the day. */
const maxDefaultHours: Readonly<Record<ClickInterval, number>> = {
  // An hour more, for the days on which clocks are put back.
  hour: 3 * hoursPerDay + 1,
  day: 366 * hoursPerDay + 1,
  month: Number.POSITIVE_INFINITY,
};

/**
 * For these years clocks are known to differ from UTC by whole minutes; with a day on each side, for all zones. A click of
 * another time, when also the primary's clock is wrong, has no date.
 */
export const firstDatedMs = Date.UTC(1999, 11, 31);
export const lastDatedMs = Date.UTC(2100, 0, 2);

/**
 * Fills in what the query leaves out, and rounds to what is kept: a range takes every hour that it touches, but
 * where clocks are not whole hours ahead of UTC, a `to` on the full hour of the zone does not take the hour
 * that it lies in, so that ranges which follow each other have none in common. A day as `to` is taken whole.
 *
 * Before `keptFrom` both ends go to the nearest midnight of UTC, because there are whole days only. Throws `invalid`
 * at `from`, `to` or `interval`.
 */
export function resolveClickRange(
  { from, to, interval, zone }: RangeQuery,
  { now, keptFrom }: { readonly now: number; readonly keptFrom: number },
): ClickRange {
  const ends = parseFields({
    startMs: () =>
      from && checkYear('from', 'ms' in from ? from.ms : startOfLocalDay(zone, from.day)),
    endMs: () => to && checkYear('to', 'ms' in to ? to.ms : startOfLocalDay(zone, to.day + 1)),
  });
  const endMs = ends.endMs ?? (toHour(now) + 1) * msPerHour;
  const startMs = ends.startMs ?? startOfDefault(endMs, zone);
  if (startMs >= endMs) {
    throw invalidField('from', `Must be before ${to === undefined ? 'the present' : '"to"'}.`);
  }
  const range = roundToDays(
    { fromHour: toHour(startMs), toHour: toEndHour(endMs, zone) },
    keptFrom,
  );
  const chosen = interval ?? chooseInterval(range, keptFrom);
  const shown = chosen === 'hour' ? range : toMiddles(range, keptFrom);
  const starts = listStarts(shown, chosen, zone);
  if (starts === undefined) {
    throw invalidField(
      interval === undefined ? 'from' : 'interval',
      `A series has at most ${maxIntervals} points: ask for a longer interval or a shorter range.`,
    );
  }
  return { ...range, zone, interval: chosen, starts, keptFrom };
}

function checkYear(name: 'from' | 'to', ms: number): number {
  if (ms < firstDatedMs || ms > lastDatedMs) {
    throw invalidField(name, 'Must be within the years from 2000 to 2099.');
  }
  return ms;
}

/** The last days up to the one in which the range ends, that one with them. */
function startOfDefault(endMs: number, zone: TimeZone): number {
  return startOfLocalDay(zone, toLocalDay(zone, endMs - 1) - defaultRangeDays + 1);
}

/** The hour before which a range ends. */
function toEndHour(endMs: number, zone: TimeZone): number {
  const isFullHour = (endMs + zone.offsetMs(endMs)) % msPerHour === 0;
  return isFullHour ? toHour(endMs) : Math.ceil(endMs / msPerHour);
}

function roundToDays(range: HourRange, keptFrom: number): HourRange {
  const round = (hour: number) => (hour < keptFrom ? ceilToDay(hour - hoursPerDay / 2) : hour);
  const fromHour = round(range.fromHour);
  const toHour = round(range.toHour);
  // Within one day, or less than an hour long: what there is, is that day or hour.
  if (range.fromHour >= keptFrom) return { fromHour, toHour: Math.max(toHour, fromHour + 1) };
  if (fromHour < toHour) return { fromHour, toHour };
  const day = Math.floor(range.fromHour / hoursPerDay) * hoursPerDay;
  return { fromHour: day, toHour: day + hoursPerDay };
}

/** From the middle of the first day of a range up to that of the last: a day of UTC counts where its middle lies. */
function toMiddles({ fromHour, toHour }: HourRange, keptFrom: number): HourRange {
  return {
    fromHour: fromHour < keptFrom ? fromHour + hoursPerDay / 2 : fromHour,
    toHour: toHour <= keptFrom ? toHour - hoursPerDay / 2 + 1 : toHour,
  };
}

function ceilToDay(hour: number): number {
  return Math.ceil(hour / hoursPerDay) * hoursPerDay;
}

/** The shortest that is not too short for the range, or for what is kept of it. */
function chooseInterval({ fromHour, toHour }: HourRange, keptFrom: number): ClickInterval {
  const shortest = fromHour < keptFrom ? 'day' : 'hour';
  const intervals = clickIntervals.slice(clickIntervals.indexOf(shortest));
  return intervals.find((each) => toHour - fromHour <= maxDefaultHours[each]) ?? 'month';
}

/** `undefined` when there are too many. */
function listStarts(
  range: HourRange,
  interval: ClickInterval,
  zone: TimeZone,
): readonly IntervalStart[] | undefined {
  const starts: IntervalStart[] = [];
  for (const start of listIntervals(range, interval, zone)) {
    if (starts.length === maxIntervals) return undefined;
    starts.push(start);
  }
  return starts;
}
