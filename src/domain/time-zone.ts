import { msPerDay, msPerHour } from './click.ts';

const msPerMinute = 60_000;

/** So far apart are the looks at a zone's clocks between which they are taken as steady when both say the same. */
const msPerLook = 7 * msPerDay;

/** A time zone of the IANA database. For times from 2000 on, when all clocks differ from UTC by whole minutes. */
export interface TimeZone {
  /** As it was asked for. */
  readonly name: string;
  /** How far its clocks are ahead of UTC at a time, milliseconds. */
  offsetMs(atMs: number): number;
}

/**
 * The zone with a name such as `Europe/Amsterdam` or `UTC`, in any case; `undefined` when there is none. A bare
 * offset is no name, because it knows no daylight saving.
 */
export function findTimeZone(name: string): TimeZone | undefined {
  const format = /^[A-Za-z]/.test(name) ? findFormat(name) : undefined;
  if (format === undefined) return undefined;
  const looks = new Map<number, number>();
  const look = (index: number): number => {
    const offset = looks.get(index) ?? readOffset(format, index * msPerLook);
    looks.set(index, offset);
    return offset;
  };
  return {
    name,
    offsetMs(atMs) {
      // Two changes within a week that undo each other are in no zone.
      const index = Math.floor(atMs / msPerLook);
      const before = look(index);
      return before === look(index + 1) ? before : readOffset(format, atMs);
    },
  };
}

function findFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}

/** `longOffset` ends the text in `GMT`, `GMT+05:30` or `GMT-03:00`. */
function readOffset(format: Intl.DateTimeFormat, atMs: number): number {
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(format.format(atMs)) ?? [];
  const offset = Number(hours ?? 0) * msPerHour + Number(minutes ?? 0) * msPerMinute;
  return sign === '-' ? -offset : offset;
}

/** What the clocks of a zone show, as RFC 3339 with their offset: `2026-03-29T00:00:00+01:00`. */
export function toZonedTime(zone: TimeZone, atMs: number): string {
  const offset = zone.offsetMs(atMs);
  const local = new Date(atMs + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const size = new Date(Math.abs(offset)).toISOString().slice(11, 16);
  return `${local}${offset < 0 ? '-' : '+'}${size}`;
}

/** The calendar day of a zone at a time, in days since 1970. */
export function toLocalDay(zone: TimeZone, atMs: number): number {
  return Math.floor((atMs + zone.offsetMs(atMs)) / msPerDay);
}

/**
 * When a calendar day of a zone begins: its first midnight where the clocks show two, and the moment after the
 * gap where they skip it. A day that a zone skips whole begins, and ends, with the next one.
 */
export function startOfLocalDay(zone: TimeZone, day: number): number {
  const local = day * msPerDay;
  // No clock is more than 14 h ahead of UTC, so this is before the day, wherever it is.
  const offsetBefore = zone.offsetMs(local - 15 * msPerHour);
  const byOffsetBefore = local - offsetBefore;
  const offset = zone.offsetMs(byOffsetBefore);
  if (offset === offsetBefore) return byOffsetBefore;
  const byOffsetAfter = local - offset;
  if (offset < offsetBefore || zone.offsetMs(byOffsetAfter) === offset) return byOffsetAfter;
  return findChange(zone, byOffsetAfter, byOffsetBefore);
}

/** The minute from which on a zone has the offset that it has at `untilMs`, and not at `fromMs`. */
function findChange(zone: TimeZone, fromMs: number, untilMs: number): number {
  const offset = zone.offsetMs(untilMs);
  let before = fromMs / msPerMinute;
  let after = untilMs / msPerMinute;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (zone.offsetMs(middle * msPerMinute) === offset) after = middle;
    else before = middle;
  }
  return after * msPerMinute;
}
