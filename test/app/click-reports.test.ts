import fc from 'fast-check';
import { expect, it } from 'vitest';
import { allLinksId, clickDimensions, hoursPerDay } from '../../src/domain/click.ts';
import { type ClickRange, resolveClickRange } from '../../src/domain/click-range.ts';
import { botChoices, readClickReport, toClickOrder } from '../../src/domain/click-report.ts';
import { findTimeZone, type TimeZone } from '../../src/domain/time-zone.ts';
import { openClickReader } from '../../src/storage/click-reader.ts';
import { ClickDatabase, type SomeClicks } from '../support/click-database.ts';

const firstDay = Date.UTC(2026, 2, 20) / 86_400_000;
const days = 20;
const limit = 500;
const names = [
  'UTC',
  'Europe/Amsterdam',
  'America/Los_Angeles',
  'Asia/Kolkata',
  'Pacific/Auckland',
];

const someClicks: fc.Arbitrary<SomeClicks> = fc.record({
  linkId: fc.integer({ min: 1, max: 3 }),
  hour: fc.nat(days * hoursPerDay - 1).map((hour) => (firstDay + 5) * hoursPerDay + hour),
  clicks: fc.nat(3),
  bots: fc.nat(3),
  visitors: fc.nat(2),
  values: fc.record({ country: fc.constantFrom('NL', 'US', '') }),
});

it('every report of what is stored adds up, by the hour or folded, in every zone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(someClicks, { maxLength: 40 }),
      fc.nat(days + 10),
      fc.constantFrom(...names),
      fc.tuple(fc.nat(days), fc.nat(days), fc.nat(days)),
      fc.constantFrom(...botChoices),
      async (clicks, foldedDays, name, ends, bots) => {
        using database = new ClickDatabase();
        database.add(...clicks);
        database.foldAll((firstDay + foldedDays) * hoursPerDay);
        using reader = openClickReader({ file: database.file, timeoutMs: 10_000 });
        const zone = findTimeZone(name) as TimeZone;
        const keptFrom = await reader.findKeptFrom();
        const [from, middle, to] = ends.toSorted((a, b) => a - b) as [number, number, number];
        const rangeOf = (first: number, last: number): ClickRange =>
          resolveClickRange(
            {
              from: { day: firstDay + first },
              to: { day: firstDay + last },
              interval: 'day',
              zone,
            },
            { now: 0, keptFrom },
          );
        const read = async (range: ClickRange, linkId: number) => {
          const query = { linkId, range, bots, by: 'country', limit } as const;
          const report = await readClickReport(reader, query);
          const of = report.totals.clicks;
          expect(sum(report.series)).toBe(of);
          expect(sum(report.values?.items ?? [])).toBe(of);
          expect(report.series).toHaveLength(range.starts.length);
          return of;
        };
        const whole = rangeOf(from, to + 1);
        expect(whole.starts).toHaveLength(to - from + 2);
        const parts = [rangeOf(from, middle), rangeOf(middle + 1, to + 1)];
        let links = 0;
        for (const linkId of [1, 2, 3, allLinksId]) {
          const of = await read(whole, linkId);
          let inParts = 0;
          for (const part of parts) inParts += await read(part, linkId);
          expect(inParts).toBe(of);
          if (linkId !== allLinksId) links += of;
          else expect(of).toBe(links);
        }
        const top = await reader.listTopLinks(whole, toClickOrder(bots), limit);
        const weigh = { include: 'both', exclude: 'clicks', only: 'bots' } as const;
        const counted = top.map((each) => ({ ...each, both: each.clicks + each.bots }));
        expect(counted.reduce((total, each) => total + each[weigh[bots]], 0)).toBe(links);
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);

it('every dimension adds up to the same', async () => {
  using database = new ClickDatabase();
  const hour = firstDay * hoursPerDay;
  database.add(
    { linkId: 7, hour, clicks: 3, visitors: 2, bots: 1, values: { device: 'tv', os: 'Linux' } },
    { linkId: 7, hour: hour + 30, clicks: 2, visitors: 1, values: { region: 'syd' } },
  );
  using reader = openClickReader({ file: database.file, timeoutMs: 10_000 });
  const range = resolveClickRange(
    { from: { day: firstDay }, to: { day: firstDay + 1 }, zone: findTimeZone('UTC') as TimeZone },
    { now: 0, keptFrom: 0 },
  );
  for (const by of clickDimensions) {
    const query = { linkId: 7, range, bots: 'exclude', by, limit } as const;
    const { totals, values } = await readClickReport(reader, query);
    expect(totals).toEqual({ clicks: 5, visitors: 3 });
    expect(sum(values?.items ?? [])).toBe(5);
  }
});

function sum(list: readonly { readonly clicks: number }[]): number {
  return list.reduce((total, { clicks }) => total + clicks, 0);
}
