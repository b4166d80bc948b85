import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msPerHour } from '../../src/domain/click.ts';
import { type RangeEnd, type RangeQuery, resolveClickRange } from '../../src/domain/click-range.ts';
import type { Failure } from '../../src/domain/failure.ts';
import { findTimeZone, type TimeZone, toZonedTime } from '../../src/domain/time-zone.ts';

const zoneOf = (name: string) => findTimeZone(name) as TimeZone;
const hourOf = (time: string) => Date.parse(time) / msPerHour;
const now = Date.parse('2026-11-21T13:37:00Z');

/** A date or a time, as the API takes them. */
function end(text: string): RangeEnd {
  return text.length === 10 ? { day: Date.parse(text) / 86_400_000 } : { ms: Date.parse(text) };
}

interface Given {
  readonly from?: string;
  readonly to?: string;
  readonly zone?: string;
  readonly interval?: RangeQuery['interval'];
  readonly keptFrom?: string;
}

function resolve({ from, to, zone = 'UTC', interval, keptFrom }: Given) {
  return resolveClickRange(
    { from: from && end(from), to: to && end(to), interval, zone: zoneOf(zone) } as RangeQuery,
    { now, keptFrom: keptFrom === undefined ? 0 : hourOf(keptFrom) },
  );
}

/** The range as its zone tells it, and how it is shown. */
function show(given: Given): string {
  const { fromHour, toHour, zone, interval, starts } = resolve(given);
  const [from, to] = [fromHour, toHour].map((hour) => toZonedTime(zone, hour * msPerHour));
  return `${from} ${to} ${starts.length} ${interval}s`;
}

function errorsOf(given: Given): readonly string[] {
  try {
    resolve(given);
    return [];
  } catch (error) {
    const { kind, details } = error as Failure;
    expect(kind).toBe('invalid');
    return details.errors?.map(({ pointer }) => pointer) ?? [];
  }
}

describe('a range that is not said', () => {
  it('is the last 30 days of the zone, today up to the present hour among them', () => {
    expect(show({})).toBe('2026-10-23T00:00:00Z 2026-11-21T14:00:00Z 30 days');
    expect(show({ zone: 'America/New_York' })).toBe(
      '2026-10-23T00:00:00-04:00 2026-11-21T09:00:00-05:00 30 days',
    );
    expect(show({ zone: 'Pacific/Auckland' })).toBe(
      '2026-10-24T00:00:00+13:00 2026-11-22T03:00:00+13:00 30 days',
    );
  });

  it('begins 30 days before its end, or ends now', () => {
    expect(show({ to: '2026-03-31' })).toBe('2026-03-02T00:00:00Z 2026-04-01T00:00:00Z 30 days');
    expect(show({ to: '2026-03-31T12:00:00Z' })).toBe(
      '2026-03-02T00:00:00Z 2026-03-31T12:00:00Z 30 days',
    );
    expect(show({ from: '2026-11-20' })).toBe('2026-11-20T00:00:00Z 2026-11-21T14:00:00Z 38 hours');
  });
});

describe('a date', () => {
  it('is a whole day, as the first and as the last', () => {
    expect(show({ from: '2026-03-01', to: '2026-03-31' })).toBe(
      '2026-03-01T00:00:00Z 2026-04-01T00:00:00Z 31 days',
    );
    expect(show({ from: '2026-03-01', to: '2026-03-01' })).toBe(
      '2026-03-01T00:00:00Z 2026-03-02T00:00:00Z 24 hours',
    );
  });

  it('is one of the zone', () => {
    expect(show({ from: '2026-03-29', to: '2026-03-29', zone: 'Europe/Amsterdam' })).toBe(
      '2026-03-29T00:00:00+01:00 2026-03-30T00:00:00+02:00 23 hours',
    );
    expect(show({ from: '2026-11-01', to: '2026-11-30', zone: 'Asia/Kolkata' })).toBe(
      '2026-10-31T23:30:00+05:30 2026-11-30T23:30:00+05:30 30 days',
    );
  });
});

describe('a time', () => {
  it('takes every hour that the range touches', () => {
    expect(show({ from: '2026-11-21T10:59:59Z', to: '2026-11-21T11:00:01Z' })).toBe(
      '2026-11-21T10:00:00Z 2026-11-21T12:00:00Z 2 hours',
    );
    expect(show({ from: '2026-11-21T10:15:00Z', to: '2026-11-21T10:16:00Z' })).toBe(
      '2026-11-21T10:00:00Z 2026-11-21T11:00:00Z 1 hours',
    );
    expect(show({ from: '2026-11-21T10:00:00Z', to: '2026-11-21T11:00:00Z' })).toBe(
      '2026-11-21T10:00:00Z 2026-11-21T11:00:00Z 1 hours',
    );
  });

  it('on the full hour of a zone parts ranges that follow each other', () => {
    const middle = '2026-11-10T00:00:00+05:30';
    const zone = 'Asia/Kolkata';
    const before = resolve({ from: '2026-11-09T00:00:00+05:30', to: middle, zone });
    const after = resolve({ from: middle, to: '2026-11-11T00:00:00+05:30', zone });
    expect(before.toHour).toBe(after.fromHour);
  });

  it('makes a range of an hour at least', () => {
    const zone = 'Asia/Kolkata';
    const { fromHour, toHour } = resolve({
      from: '2026-11-09T23:45:00+05:30',
      to: '2026-11-10T00:00:00+05:30',
      zone,
    });
    expect(toHour - fromHour).toBe(1);
  });
});

describe('without an interval', () => {
  it.each([
    ['2026-03-01', '2026-03-03', 'hour'],
    ['2026-03-01', '2026-03-04', 'day'],
    ['2026-10-24', '2026-10-26', 'hour'],
    ['2026-01-01', '2026-12-31', 'day'],
    ['2024-01-01', '2024-12-31', 'day'],
    ['2026-01-01', '2027-01-03', 'month'],
  ] as const)('%s to %s is shown by the %s', (from, to, interval) => {
    expect(resolve({ from, to, zone: 'Europe/Amsterdam' }).interval).toBe(interval);
  });
});

describe('where hours are folded into days', () => {
  const keptFrom = '2026-08-01T00:00:00Z';

  it('both ends go to the nearest midnight of UTC', () => {
    expect(show({ from: '2026-06-01', to: '2026-06-30', zone: 'America/New_York', keptFrom })).toBe(
      '2026-05-31T20:00:00-04:00 2026-06-30T20:00:00-04:00 30 days',
    );
    expect(show({ from: '2026-06-01', to: '2026-06-30', zone: 'Pacific/Auckland', keptFrom })).toBe(
      '2026-05-31T12:00:00+12:00 2026-06-30T12:00:00+12:00 30 days',
    );
  });

  it('has the days of the zone that were asked for', () => {
    for (const zone of ['UTC', 'America/New_York', 'Pacific/Auckland', 'Pacific/Kiritimati']) {
      const { starts } = resolve({ from: '2026-06-01', to: '2026-06-30', zone, keptFrom });
      const days = starts.map(({ ms }) => toZonedTime(zoneOf(zone), ms).slice(0, 10));
      expect([days.length, days[0], days.at(-1)]).toEqual([30, '2026-06-01', '2026-06-30']);
    }
  });

  it('only an end that lies there is rounded', () => {
    const { fromHour, toHour } = resolve({
      from: '2026-07-01T15:00:00Z',
      to: '2026-08-02T05:00:00Z',
      keptFrom,
    });
    expect(fromHour).toBe(hourOf('2026-07-02T00:00:00Z'));
    expect(toHour).toBe(hourOf('2026-08-02T05:00:00Z'));
  });

  it('a range within a day is that day, and hours are not offered', () => {
    expect(show({ from: '2026-06-01T01:00:00Z', to: '2026-06-01T02:00:00Z', keptFrom })).toBe(
      '2026-06-01T00:00:00Z 2026-06-02T00:00:00Z 1 days',
    );
    expect(show({ from: '2026-06-01T22:00:00Z', to: '2026-06-01T23:00:00Z', keptFrom })).toBe(
      '2026-06-01T00:00:00Z 2026-06-02T00:00:00Z 1 days',
    );
  });

  it('every range has something in it, and ranges that follow each other have nothing in common', () => {
    const minute = fc.integer({ min: Date.UTC(2026, 6) / 60_000, max: Date.UTC(2026, 9) / 60_000 });
    const zone = fc.constantFrom('UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham');
    fc.assert(
      fc.property(minute, minute, zone, (a, b, name) => {
        fc.pre(a !== b);
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const range = resolveClickRange(
          { from: { ms: from * 60_000 }, to: { ms: to * 60_000 }, zone: zoneOf(name) },
          { now, keptFrom: hourOf(keptFrom) },
        );
        expect(range.toHour).toBeGreaterThan(range.fromHour);
        expect(range.starts.length).toBeGreaterThan(0);
        for (const hour of [range.fromHour, range.toHour]) {
          if (hour < hourOf(keptFrom)) expect(hour % 24).toBe(0);
        }
      }),
    );
  });
});

describe('a range is refused', () => {
  it.each<[string, Given, readonly string[]]>([
    ['that ends before it begins', { from: '2026-03-02', to: '2026-03-01' }, ['from']],
    [
      'that ends when it begins',
      { from: '2026-03-01T00:00:00Z', to: '2026-03-01T00:00:00Z' },
      ['from'],
    ],
    ['that begins in the future', { from: '2026-11-22' }, ['from']],
    ['before 2000', { from: '1999-12-30' }, ['from']],
    ['of other centuries', { from: '0001-01-01', to: '9999-12-31' }, ['from', 'to']],
    ['of too many hours', { from: '2026-01-01', interval: 'hour' }, ['interval']],
    ['of too many days', { from: '2020-01-01', interval: 'day' }, ['interval']],
  ])('%s', (_title, given, pointers) => {
    expect(errorsOf(given)).toEqual(pointers);
  });

  it('of one point more than 2,000, and no sooner', () => {
    const from = '2026-01-01T00:00:00Z';
    const later = (hours: number) => new Date(Date.parse(from) + hours * msPerHour).toISOString();
    expect(resolve({ from, to: later(2_000), interval: 'hour' }).starts).toHaveLength(2_000);
    expect(errorsOf({ from, to: later(2_001), interval: 'hour' })).toEqual(['interval']);
  });

  it('but not for its length alone', () => {
    expect(show({ from: '2000-01-01', to: '2099-12-31' })).toMatch(/ 1200 months$/);
  });
});
