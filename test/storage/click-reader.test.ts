import { existsSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allLinksId, clickDimensions } from '../../src/domain/click.ts';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import type { ClickOrder, HourRange } from '../../src/domain/click-reader.ts';
import { type OpenClickReader, openClickReader } from '../../src/storage/click-reader.ts';
import { migrateUp } from '../../src/storage/migrations/commands.ts';
import { ClickDatabase, type SomeClicks } from '../support/click-database.ts';
import { ClickModel, weigh } from '../support/click-model.ts';
import { clicksMigrations, TestFolder } from '../support/test-database.ts';

const producer = 'a'.repeat(32) as ProducerId;
const always: HourRange = { fromHour: 0, toHour: Number.MAX_SAFE_INTEGER };
const limit = 1_000;
const orders: readonly ClickOrder[] = ['people', 'bots', 'all'];

function openFor({ file }: { readonly file: string }): OpenClickReader {
  return openClickReader({ file, timeoutMs: 10_000 });
}

/** Lists without what ties leave open: by weight, then by name. */
function inOrder<T extends { clicks: number; bots: number; visitors: number }>(
  list: readonly T[],
  order: ClickOrder,
): unknown[] {
  return list
    .map((item) => [weigh(item, order), JSON.stringify(item)] as const)
    .toSorted((a, b) => b[0] - a[0] || (a[1] < b[1] ? -1 : 1))
    .map(([, text]) => JSON.parse(text));
}

describe('a node without the database', () => {
  test.each([
    ['no folder', (folder: TestFolder) => folder.file('no/clicks.db')],
    ['no file', (folder: TestFolder) => folder.file('clicks.db')],
    [
      'an empty file',
      (folder: TestFolder) => {
        writeFileSync(folder.file('clicks.db'), '');
        return folder.file('clicks.db');
      },
    ],
    [
      'a database of other tables',
      (folder: TestFolder) => {
        new Database(folder.file('clicks.db')).exec('CREATE TABLE other (id INTEGER)').close();
        return folder.file('clicks.db');
      },
    ],
  ])('has counted nothing: %s', async (_, toFile) => {
    using folder = new TestFolder();
    const file = toFile(folder);
    const exists = existsSync(file);
    using reader = openFor({ file });
    await expect(reader.findTotals([1, 2])).resolves.toEqual(new Map());
    await expect(reader.findKeptFrom()).resolves.toBe(0);
    await expect(reader.listBuckets(1, always)).resolves.toEqual([]);
    await expect(reader.listValues(1, 'os', always, 'all', 9)).resolves.toEqual([]);
    await expect(reader.listTopLinks(always, 'all', 9)).resolves.toEqual([]);
    await expect(reader.findOrphans(1, always)).resolves.toEqual({ hits: 0, slugs: [] });
    await expect(reader.findCursor(producer)).resolves.toBeUndefined();
    expect(existsSync(file)).toBe(exists);
  });

  test('reads as soon as there is one', async () => {
    using clicks = new ClickDatabase();
    using folder = new TestFolder();
    using reader = openFor({ file: folder.file('clicks.db') });
    await expect(reader.listTopLinks(always, 'all', 9)).resolves.toEqual([]);
    migrateUp({
      file: folder.file('clicks.db'),
      migrationsDir: clicksMigrations,
      journalMode: 'delete',
      node: 'test',
    });
    await expect(reader.listTopLinks(always, 'all', 9)).resolves.toEqual([]);
    clicks.add({ linkId: 7, hour: 5, clicks: 1 });
    using other = openFor(clicks);
    await expect(other.listTopLinks(always, 'all', 9)).resolves.toMatchObject([{ linkId: 7 }]);
  });
});

const someClicks: fc.Arbitrary<SomeClicks> = fc.record({
  linkId: fc.integer({ min: 1, max: 4 }),
  hour: fc.integer({ min: 0, max: 24 * 6 - 1 }),
  clicks: fc.integer({ min: 0, max: 3 }),
  bots: fc.integer({ min: 0, max: 2 }),
  visitors: fc.integer({ min: 0, max: 2 }),
  values: fc.record(
    {
      region: fc.constantFrom('ams', 'syd'),
      referrer: fc.constantFrom('a.example', 'b.example', 'c.example', '(other)'),
    },
    { requiredKeys: [] },
  ),
});
const someRange = fc
  .tuple(fc.integer({ min: -30, max: 24 * 7 }), fc.integer({ min: -30, max: 24 * 7 }))
  .map(([a, b]): HourRange => ({ fromHour: Math.min(a, b), toHour: Math.max(a, b) }));
const someHistory = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.array(someClicks, { minLength: 1, maxLength: 8 }) },
    {
      weight: 1,
      arbitrary: fc.record({
        beforeHour: fc.integer({ min: 0, max: 24 * 7 }),
        maxRows: fc.integer({ min: 1, max: 40 }),
        isWhole: fc.boolean(),
      }),
    },
  ),
  { maxLength: 12 },
);

test('whatever was counted, folded or half folded, is read as it happened', async () => {
  await fc.assert(
    fc.asyncProperty(
      someHistory,
      fc.array(someRange, { minLength: 1, maxLength: 4 }),
      async (history, ranges) => {
        using clicks = new ClickDatabase();
        using reader = openFor(clicks);
        const model = new ClickModel();
        for (const event of history) {
          if ('beforeHour' in event) {
            if (event.isWhole) clicks.foldAll(event.beforeHour, event.maxRows);
            else clicks.fold(event.beforeHour, event.maxRows);
            const boundary = event.beforeHour - (event.beforeHour % 24);
            // It moves once nothing before it is left, and not where nothing was ever counted.
            const keptFrom = await reader.findKeptFrom();
            expect([model.keptFrom, boundary]).toContain(keptFrom);
            model.keptFrom = Math.max(model.keptFrom, keptFrom);
          } else {
            clicks.add(...event);
            model.clicks.push(...event);
          }
        }
        expect(await reader.findKeptFrom()).toBe(model.keptFrom);
        for (const range of [...ranges, always]) {
          for (const linkId of [allLinksId, 1, 2]) {
            const buckets = await reader.listBuckets(linkId, range);
            expect(buckets).toEqual(model.buckets(linkId, range));
            for (const dimension of ['referrer', 'region', 'os'] as const) {
              const values = await reader.listValues(linkId, dimension, range, 'all', limit);
              const expected = model.values(linkId, dimension, range, 'all');
              expect(inOrder(values, 'all')).toEqual(inOrder(expected, 'all'));
            }
          }
          for (const order of orders) {
            const top = await reader.listTopLinks(range, order, limit);
            expect(inOrder(top, order)).toEqual(inOrder(model.topLinks(range, order), order));
          }
        }
        const totals = await reader.findTotals([allLinksId, 1, 2, 3, 99]);
        for (const [linkId, { undated, ...total }] of totals) {
          expect([total, undated]).toEqual([model.total(linkId), 0]);
        }
        expect(totals.has(99)).toBe(false);
      },
    ),
    { numRuns: 100 },
  );
}, 120_000);

test('adjoining ranges have each click once, wherever they meet', async () => {
  using clicks = new ClickDatabase();
  using reader = openFor(clicks);
  for (let hour = 0; hour < 24 * 4; hour += 1) clicks.add({ linkId: 7, hour, clicks: 1 });
  clicks.foldAll(48);
  const count = async (range: HourRange) =>
    (await reader.listTopLinks(range, 'all', 1)).at(0)?.clicks ?? 0;
  for (let meeting = 0; meeting <= 24 * 4; meeting += 1) {
    const before = await count({ fromHour: 0, toHour: meeting });
    const after = await count({ fromHour: meeting, toHour: 24 * 4 });
    expect([meeting, before + after]).toEqual([meeting, 24 * 4]);
  }
});

describe('a list that is cut off', () => {
  test.each(orders)('has the greatest by %s, and nothing that has none', async (order) => {
    using clicks = new ClickDatabase();
    using reader = openFor(clicks);
    const model = new ClickModel();
    for (let linkId = 1; linkId <= 40; linkId += 1) {
      const referrer = `${linkId}.example`;
      model.clicks.push({
        linkId,
        hour: linkId,
        // Other links lead by bots than by clicks; every eighth has neither.
        clicks: (linkId * 7) % 8 === 0 ? 0 : (linkId * 13) % 41,
        bots: (linkId * 7) % 8 === 0 ? 0 : (linkId * 29) % 43,
        values: { referrer },
      });
    }
    clicks.add(...model.clicks);
    const greatest = (list: readonly { clicks: number; bots: number; visitors: number }[]) =>
      list.toSorted((a, b) => weigh(b, order) - weigh(a, order)).slice(0, 5);
    expect(await reader.listTopLinks(always, order, 5)).toEqual(
      greatest(model.topLinks(always, order)),
    );
    expect(await reader.listValues(allLinksId, 'referrer', always, order, 5)).toEqual(
      greatest(model.values(allLinksId, 'referrer', always, order)),
    );
    expect(await reader.listTopLinks(always, order, 1_000)).toHaveLength(
      model.topLinks(always, order).length,
    );
  });
});

test('totals and cursors are found for many at a time', async () => {
  using clicks = new ClickDatabase();
  using reader = openFor(clicks);
  const linkIds = Array.from({ length: 2_500 }, (_, index) => 7_000_000_000_000_000 + index);
  clicks.run((store) => {
    for (const [index, linkId] of linkIds.entries()) {
      store.addTotal(linkId, { clicks: index, bots: 1, visitors: 0 }, index % 2);
    }
    store.putCursor({
      producer,
      seq: 4,
      merged: 1,
      hash: 'h',
      isComplete: false,
      clicks: 9,
      lost: 2,
    });
  });
  const totals = await reader.findTotals([...linkIds, 5]);
  expect(totals.size).toBe(2_500);
  expect(totals.get(linkIds[2_499] ?? 0)).toEqual({
    clicks: 2_499,
    bots: 1,
    visitors: 0,
    undated: 1,
  });
  expect(await reader.findCursor(producer)).toMatchObject({ seq: 4, isComplete: false, lost: 2 });
  expect(await reader.findCursor('b'.repeat(32) as ProducerId)).toBeUndefined();
});

test('orphan hits are those of the range, and the slugs those that were last asked for in it', async () => {
  using clicks = new ClickDatabase();
  using reader = openFor(clicks);
  clicks.run((store) => {
    for (let hour = 0; hour < 5_000; hour += 1) store.addOrphans(1, hour, 2);
    store.addOrphans(2, 100, 1_000);
    store.noteOrphanSlug(1, 'early', { hour: 10, hits: 1 });
    store.noteOrphanSlug(1, 'late', { hour: 4_000, hits: 1 });
    store.noteOrphanSlug(1, 'later', { hour: 4_001, hits: 1 });
    store.noteOrphanSlug(2, 'elsewhere', { hour: 4_000, hits: 1 });
  });
  expect(await reader.findOrphans(1, always)).toEqual({
    hits: 10_000,
    slugs: [
      { slug: 'later', hits: 1, lastHour: 4_001 },
      { slug: 'late', hits: 1, lastHour: 4_000 },
      { slug: 'early', hits: 1, lastHour: 10 },
    ],
  });
  const { hits, slugs } = await reader.findOrphans(1, { fromHour: 11, toHour: 4_001 });
  expect([hits, slugs.map(({ slug }) => slug)]).toEqual([2 * 3_990, ['late']]);
});

test('a link that a failover took back in the middle of a read is left out', async () => {
  using clicks = new ClickDatabase();
  using reader = openFor(clicks);
  clicks.add({ linkId: 7, hour: 5, clicks: 2 }, { linkId: 8, hour: 5, clicks: 1 });
  clicks.connection.database.exec('DELETE FROM click_totals WHERE link_id = 7');
  expect(await reader.listTopLinks(always, 'all', 5)).toMatchObject([{ linkId: 8, clicks: 1 }]);
});

describe('a busy database', () => {
  test('is waited for', async () => {
    using clicks = new ClickDatabase();
    using reader = openFor(clicks);
    clicks.add({ linkId: 7, hour: 5, clicks: 1 });
    clicks.connection.execute('BEGIN EXCLUSIVE');
    const found = reader.listBuckets(7, always);
    setImmediate(() => clicks.connection.execute('COMMIT'));
    await expect(found).resolves.toMatchObject([{ hour: 5, hours: 1, clicks: 1 }]);
  });

  test('is unavailable in the end', async () => {
    using clicks = new ClickDatabase();
    using reader = openClickReader({ file: clicks.file, timeoutMs: 10 });
    clicks.connection.execute('BEGIN EXCLUSIVE');
    const unavailable = expect.objectContaining({
      kind: 'unavailable',
      message: 'The copy of the clicks on this node is busy.',
    });
    await expect(reader.listTopLinks(always, 'all', 1)).rejects.toEqual(unavailable);
    await expect(reader.findTotals([1])).rejects.toEqual(unavailable);
    await expect(reader.findCursor(producer)).rejects.toEqual(unavailable);
    clicks.connection.execute('COMMIT');
  });
});

test('every dimension is listed by itself', async () => {
  using clicks = new ClickDatabase();
  using reader = openFor(clicks);
  const values = Object.fromEntries(clickDimensions.map((name) => [name, `some ${name}`]));
  clicks.add({ linkId: 7, hour: 5, clicks: 1, values });
  for (const dimension of clickDimensions) {
    expect(await reader.listValues(7, dimension, always, 'people', 9)).toEqual([
      { value: `some ${dimension}`, clicks: 1, bots: 0, visitors: 0 },
    ]);
  }
});
