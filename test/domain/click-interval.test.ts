import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msPerHour } from '../../src/domain/click.ts';
import { type ClickInterval, listIntervals } from '../../src/domain/click-interval.ts';
import { findTimeZone, type TimeZone, toZonedTime } from '../../src/domain/time-zone.ts';

const zoneOf = (name: string) => findTimeZone(name) as TimeZone;
const hourOf = (time: string) => Date.parse(time) / msPerHour;

function list(interval: ClickInterval, zone: string, from: string, to: string) {
  const range = { fromHour: hourOf(from), toHour: hourOf(to) };
  return [...listIntervals(range, interval, zoneOf(zone))];
}

function starts(interval: ClickInterval, zone: string, from: string, to: string) {
  return list(interval, zone, from, to).map(({ ms }) => toZonedTime(zoneOf(zone), ms));
}

/** How many hours each interval has; the last one is not measured. */
function lengths(interval: ClickInterval, zone: string, from: string, to: string) {
  const hours = list(interval, zone, from, to).map(({ hour }) => hour);
  return hours.slice(1).map((hour, index) => hour - (hours[index] ?? 0));
}

describe('days', () => {
  it('are those of the zone', () => {
    expect(
      starts('day', 'America/New_York', '2026-11-19T05:00:00Z', '2026-11-21T05:00:00Z'),
    ).toEqual(['2026-11-19T00:00:00-05:00', '2026-11-20T00:00:00-05:00']);
  });

  it('have 23 hours when clocks are put on, and 25 when they are put back', () => {
    expect(
      lengths('day', 'Europe/Amsterdam', '2026-03-27T23:00:00Z', '2026-03-30T22:00:00Z'),
    ).toEqual([24, 23]);
    expect(
      lengths('day', 'Europe/Amsterdam', '2026-10-23T22:00:00Z', '2026-10-26T23:00:00Z'),
    ).toEqual([24, 25]);
  });

  it('that are not there have no point', () => {
    expect(starts('day', 'Pacific/Apia', '2011-12-29T10:00:00Z', '2012-01-01T10:00:00Z')).toEqual([
      '2011-12-29T00:00:00-10:00',
      '2011-12-31T00:00:00+14:00',
      '2012-01-01T00:00:00+14:00',
    ]);
  });

  it('take the hour in which they begin, where that is not a full one', () => {
    const days = list('day', 'Asia/Kolkata', '2026-11-19T18:00:00Z', '2026-11-21T18:00:00Z');
    expect(days.map(({ hour }) => hour)).toEqual([
      hourOf('2026-11-19T18:00:00Z'),
      hourOf('2026-11-20T18:00:00Z'),
    ]);
    expect(days[0]?.ms).toBe(Date.parse('2026-11-20T00:00:00+05:30'));
  });

  it('that a range cuts are there whole', () => {
    expect(starts('day', 'UTC', '2026-11-19T13:00:00Z', '2026-11-20T01:00:00Z')).toEqual([
      '2026-11-19T00:00:00Z',
      '2026-11-20T00:00:00Z',
    ]);
  });
});

describe('months', () => {
  it('are those of the zone, over the end of a year', () => {
    expect(
      starts('month', 'Europe/Amsterdam', '2025-10-31T22:00:00Z', '2026-02-01T00:00:00Z'),
    ).toEqual([
      '2025-10-01T00:00:00+02:00',
      '2025-11-01T00:00:00+01:00',
      '2025-12-01T00:00:00+01:00',
      '2026-01-01T00:00:00+01:00',
      '2026-02-01T00:00:00+01:00',
    ]);
  });
});

describe('hours', () => {
  it('are each there once when clocks are put back', () => {
    expect(
      starts('hour', 'Europe/Amsterdam', '2026-10-25T00:00:00Z', '2026-10-25T03:00:00Z'),
    ).toEqual([
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T03:00:00+01:00',
    ]);
  });

  it('are those of UTC where clocks differ by half an hour', () => {
    expect(starts('hour', 'Asia/Kolkata', '2026-10-25T00:00:00Z', '2026-10-25T02:00:00Z')).toEqual([
      '2026-10-25T05:30:00+05:30',
      '2026-10-25T06:30:00+05:30',
    ]);
  });
});

describe('the intervals of any range, in any zone', () => {
  const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
  const firstHour = hourOf('2012-01-02T00:00:00Z');
  const ranges = fc
    .tuple(
      fc.integer({ min: firstHour, max: firstHour + 700_000 }),
      fc.integer({ min: 1, max: 3_000 }),
    )
    .map(([fromHour, length]) => ({ fromHour, toHour: fromHour + length }));

  it('follow each other, and the range is in them', () => {
    fc.assert(
      fc.property(
        zones,
        ranges,
        fc.constantFrom('hour', 'day', 'month'),
        (name, range, interval) => {
          const hours = [...listIntervals(range, interval, zoneOf(name))].map(({ hour }) => hour);
          expect(hours).toEqual([...new Set(hours)].sort((a, b) => a - b));
          expect(hours[0]).toBeLessThanOrEqual(range.fromHour);
          expect(hours[1] ?? range.toHour).toBeGreaterThan(range.fromHour);
          expect(hours.at(-1)).toBeLessThan(range.toHour);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['day', 10],
    ['month', 7],
  ] as const)('put each hour into the %s in which it ends', (interval, digits) => {
    fc.assert(
      fc.property(zones, ranges, fc.nat(), (name, range, chosen) => {
        const hour = range.fromHour + (chosen % (range.toHour - range.fromHour));
        const intervals = [...listIntervals(range, interval, zoneOf(name))];
        const found = intervals.findLast((each) => each.hour <= hour);
        const end = (hour + 1) * msPerHour - 1;
        const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: name }).format(end);
        expect(toZonedTime(zoneOf(name), found?.ms ?? 0).slice(0, digits)).toBe(
          shown.slice(0, digits),
        );
      }),
      { numRuns: 300 },
    );
  });
});
