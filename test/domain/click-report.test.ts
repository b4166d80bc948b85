import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allLinksId, msPerHour } from '../../src/domain/click.ts';
import type { ClickInterval } from '../../src/domain/click-interval.ts';
import { resolveClickRange } from '../../src/domain/click-range.ts';
import {
  type BotChoice,
  botChoices,
  readClickReport,
  toSeries,
} from '../../src/domain/click-report.ts';
import { findTimeZone, type TimeZone, toZonedTime } from '../../src/domain/time-zone.ts';
import { MemoryClickReader } from '../support/memory-click-reader.ts';

const zoneOf = (name: string) => findTimeZone(name) as TimeZone;
const hourOf = (time: string) => Date.parse(time) / msPerHour;
const linkId = 7;

function rangeOf(from: string, to: string, interval: ClickInterval, zone = 'UTC', keptFrom = 0) {
  return resolveClickRange(
    { from: { ms: Date.parse(from) }, to: { ms: Date.parse(to) }, interval, zone: zoneOf(zone) },
    { now: 0, keptFrom },
  );
}

/** A week in which people came on Tuesday and Thursday, and bots on Thursday. */
function someClicks(): MemoryClickReader {
  const reader = new MemoryClickReader();
  reader.count({
    linkId,
    hour: hourOf('2026-11-17T09:00:00Z'),
    clicks: 3,
    visitors: 2,
    values: { country: 'NL' },
  });
  reader.count({
    linkId,
    hour: hourOf('2026-11-19T23:00:00Z'),
    clicks: 2,
    visitors: 1,
    bots: 5,
    values: { country: null },
  });
  reader.count({
    linkId,
    hour: hourOf('2026-11-19T23:00:00Z'),
    bots: 1,
    values: { country: 'US' },
  });
  reader.count({ linkId, hour: hourOf('2026-12-24T00:00:00Z'), clicks: 100 });
  reader.count({ linkId: 8, hour: hourOf('2026-11-19T23:00:00Z'), clicks: 40 });
  return reader;
}

const week = rangeOf('2026-11-16T00:00:00Z', '2026-11-21T00:00:00Z', 'day');
const read = (bots: BotChoice, more: object = {}) =>
  readClickReport(someClicks(), { linkId, range: week, bots, limit: 10, ...more });

describe('a report', () => {
  it('has every interval, those without clicks too, and their sum', async () => {
    const { totals, series } = await read('exclude');
    expect(series.map(({ clicks }) => clicks)).toEqual([0, 3, 0, 2, 0]);
    expect(series.map(({ visitors }) => visitors)).toEqual([0, 2, 0, 1, 0]);
    expect(totals).toEqual({ clicks: 5, visitors: 3 });
  });

  it('has bots apart, with people, or alone and then without visitors', async () => {
    expect((await read('exclude')).totals).toEqual({ clicks: 5, visitors: 3 });
    expect((await read('include')).totals).toEqual({ clicks: 11, visitors: 3 });
    const { totals, series } = await read('only');
    expect(totals).toEqual({ clicks: 6, visitors: null });
    expect(series[3]).toMatchObject({ clicks: 6, visitors: null });
  });

  it('has values in the order of what was asked for', async () => {
    const valuesOf = async (bots: BotChoice) => (await read(bots, { by: 'country' })).values?.items;
    expect(await valuesOf('exclude')).toEqual([
      { value: 'NL', clicks: 3, visitors: 2 },
      { value: null, clicks: 2, visitors: 1 },
    ]);
    expect(await valuesOf('include')).toEqual([
      { value: null, clicks: 7, visitors: 1 },
      { value: 'NL', clicks: 3, visitors: 2 },
      { value: 'US', clicks: 1, visitors: 0 },
    ]);
    expect(await valuesOf('only')).toEqual([
      { value: null, clicks: 5, visitors: null },
      { value: 'US', clicks: 1, visitors: null },
    ]);
  });

  it('says when there are more values', async () => {
    const one = await read('include', { by: 'country', limit: 2 });
    expect(one.values).toMatchObject({ items: [{ value: null }, { value: 'NL' }], hasMore: true });
    const all = await read('include', { by: 'country', limit: 3 });
    expect(all.values).toMatchObject({ hasMore: false });
  });

  it('has the totals of all time, whatever was asked for', async () => {
    const reader = someClicks();
    reader.countUndated(linkId, 4);
    const range = rangeOf('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', 'day');
    const report = await readClickReport(reader, { linkId, range, bots: 'only', limit: 1 });
    expect(report.totals).toEqual({ clicks: 0, visitors: null });
    expect(report.allTime).toEqual({ clicks: 109, bots: 6, visitors: 3, undated: 4 });
  });

  it('of all links has the clicks of each', async () => {
    const report = await readClickReport(someClicks(), {
      linkId: allLinksId,
      range: week,
      bots: 'exclude',
      limit: 1,
    });
    expect(report.totals.clicks).toBe(45);
  });

  it('of a link that nobody clicked is zero', async () => {
    const report = await readClickReport(new MemoryClickReader(), {
      linkId,
      range: week,
      bots: 'exclude',
      limit: 1,
    });
    expect(report.totals).toEqual({ clicks: 0, visitors: 0 });
    expect(report.allTime).toEqual({ clicks: 0, bots: 0, visitors: 0, undated: 0 });
  });
});

describe('a day of UTC that was folded', () => {
  const keptFrom = hourOf('2026-08-01T00:00:00Z');

  it.each([
    ['UTC', '2026-06-10T00:00:00Z'],
    ['America/Los_Angeles', '2026-06-10T00:00:00-07:00'],
    ['Asia/Tokyo', '2026-06-10T00:00:00+09:00'],
    ['Pacific/Kiritimati', '2026-06-11T00:00:00+14:00'],
  ])('counts for the day of the zone in which its middle lies: %s', async (name, start) => {
    const reader = new MemoryClickReader();
    reader.count({ linkId, hour: hourOf('2026-06-10T00:00:00Z'), hours: 24, clicks: 9 });
    const range = rangeOf('2026-06-08T00:00:00Z', '2026-06-13T00:00:00Z', 'day', name, keptFrom);
    const report = await readClickReport(reader, { linkId, range, bots: 'exclude', limit: 1 });
    const day = report.series.find(({ clicks }) => clicks > 0);
    expect(toZonedTime(zoneOf(name), day?.ms ?? 0)).toBe(start);
    expect(report.totals.clicks).toBe(9);
  });

  it('is at noon by the hour, and what came late beside it', () => {
    const range = rangeOf('2026-06-10T00:00:00Z', '2026-06-11T00:00:00Z', 'hour', 'UTC', keptFrom);
    const hour = hourOf('2026-06-10T00:00:00Z');
    const series = toSeries(
      [
        { hour, hours: 24, clicks: 9, bots: 0, visitors: 0 },
        { hour: hour + 3, hours: 1, clicks: 1, bots: 0, visitors: 0 },
      ],
      range.starts,
      'exclude',
    );
    expect(series.flatMap(({ clicks }, index) => (clicks > 0 ? [[index, clicks]] : []))).toEqual([
      [3, 1],
      [12, 9],
    ]);
  });
});

describe('any clicks in any range', () => {
  it('are in the series once, in the interval in which their hour ends', async () => {
    const names = ['UTC', 'Europe/Amsterdam', 'America/St_Johns', 'Asia/Kathmandu', 'Africa/Cairo'];
    const first = hourOf('2025-03-01T00:00:00Z');
    const clicks = fc.array(
      fc.record({
        hour: fc.integer({ min: first, max: first + 9_000 }),
        clicks: fc.nat(9),
        bots: fc.nat(9),
        visitors: fc.nat(9),
      }),
      { maxLength: 30 },
    );
    const range = fc.tuple(fc.nat(8_000), fc.integer({ min: 1, max: 1_500 }));
    const intervals = fc.constantFrom<ClickInterval>('hour', 'day', 'month');
    await fc.assert(
      fc.asyncProperty(
        clicks,
        range,
        intervals,
        fc.constantFrom(...names),
        fc.constantFrom(...botChoices),
        async (given, [start, length], interval, name, bots) => {
          const reader = new MemoryClickReader();
          for (const each of given) reader.count({ linkId, ...each });
          const hours = { fromHour: first + start, toHour: first + start + length };
          const range = rangeOf(
            new Date(hours.fromHour * msPerHour).toISOString(),
            new Date(hours.toHour * msPerHour).toISOString(),
            interval,
            name,
          );
          const report = await readClickReport(reader, { linkId, range, bots, limit: 1 });
          const weigh = (each: (typeof given)[number]) =>
            ({ include: each.clicks + each.bots, exclude: each.clicks, only: each.bots })[bots];
          const expected = new Map<string, number>();
          const digits = { hour: 19, day: 10, month: 7 }[interval];
          const toKey = (ms: number) => toZonedTime(range.zone, ms).slice(0, digits);
          for (const each of given) {
            if (each.hour < range.fromHour || each.hour >= range.toHour || weigh(each) === 0)
              continue;
            const at =
              interval === 'hour' ? each.hour * msPerHour : (each.hour + 1) * msPerHour - 1;
            expected.set(toKey(at), (expected.get(toKey(at)) ?? 0) + weigh(each));
          }
          const found = report.series
            .filter((point) => point.clicks > 0)
            .map((point): [string, number] => [toKey(point.ms), point.clicks]);
          // Clocks that are put back show an hour twice.
          const merged = new Map<string, number>();
          for (const [key, count] of found) merged.set(key, (merged.get(key) ?? 0) + count);
          expect(merged).toEqual(new Map([...expected].sort()));
          expect(report.totals.clicks).toBe([...expected.values()].reduce((a, b) => a + b, 0));
        },
      ),
      { numRuns: 200 },
    );
  });
});
