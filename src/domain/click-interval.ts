import { msPerDay, msPerHour, toHour } from './click.ts';
import type { HourRange } from './click-reader.ts';
import { startOfLocalDay, type TimeZone, toLocalDay } from './time-zone.ts';

/** How long a point of a series is. */
export const clickIntervals = ['hour', 'day', 'month'] as const;
export type ClickInterval = (typeof clickIntervals)[number];

/** Where a point of a series begins. */
export interface IntervalStart {
  /** When the hour, day or month of the zone begins. */
  readonly ms: number;
  /** The first hour that counts for it. */
  readonly hour: number;
}

/**
 * All intervals of a zone that a range touches, in the order of time; the first can begin before the range.
 *
 * Counts are kept by the hour of UTC, so an hour counts for the day and month in which it ends: a difference
 * only where clocks are not whole hours ahead of UTC. Hours are those of UTC, and days as long as they are: 23 or
 * 25 hours where the clocks change. A day that a zone skips is not there.
 */
export function* listIntervals(
  range: HourRange,
  interval: ClickInterval,
  zone: TimeZone,
): Generator<IntervalStart> {
  if (interval === 'hour') {
    for (let hour = range.fromHour; hour < range.toHour; hour += 1) {
      yield { ms: hour * msPerHour, hour };
    }
    return;
  }
  const { indexOf, startOf } = calendars[interval];
  const toStart = (index: number): IntervalStart => {
    const ms = startOf(zone, index);
    return { ms, hour: toHour(ms) };
  };
  // The day before is early enough, also where a clock that was put back shows a day again that had ended.
  let index = indexOf(toLocalDay(zone, range.fromHour * msPerHour) - 1);
  let start = toStart(index);
  for (;;) {
    index += 1;
    const next = toStart(index);
    if (next.hour > start.hour && next.hour > range.fromHour) yield start;
    if (next.hour >= range.toHour) return;
    start = next;
  }
}

/** Days and months, numbered one after the other. */
interface Calendar {
  indexOf(day: number): number;
  startOf(zone: TimeZone, index: number): number;
}

const calendars: Readonly<Record<'day' | 'month', Calendar>> = {
  day: { indexOf: (day) => day, startOf: startOfLocalDay },
  month: {
    indexOf(day) {
      const date = new Date(day * msPerDay);
      return date.getUTCFullYear() * 12 + date.getUTCMonth();
    },
    startOf(zone, index) {
      const firstDay = Date.UTC(Math.floor(index / 12), index % 12) / msPerDay;
      return startOfLocalDay(zone, firstDay);
    },
  },
};
