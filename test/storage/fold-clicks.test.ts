import { setImmediate as nextTick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allLinksId } from '../../src/domain/click.ts';
import type { HourRange } from '../../src/domain/click-reader.ts';
import { type OpenClickReader, openClickReader } from '../../src/storage/click-reader.ts';
import { daysPerMove } from '../../src/storage/fold-clicks.ts';
import { ClickDatabase } from '../support/click-database.ts';

const always: HourRange = { fromHour: 0, toHour: Number.MAX_SAFE_INTEGER };

let clicks: ClickDatabase;
let reader: OpenClickReader;
beforeEach(() => {
  clicks = new ClickDatabase();
  reader = openClickReader({ file: clicks.file, timeoutMs: 10_000 });
});
afterEach(() => {
  reader[Symbol.dispose]();
  clicks[Symbol.dispose]();
});

/** Clicks in every hour of some days, by some referrers. */
function fill(days: number, given: { links?: number; referrers?: number } = {}): void {
  const { links = 2, referrers = 2 } = given;
  const { database } = clicks.connection;
  database
    .transaction(() => {
      for (let hour = 0; hour < days * 24; hour += 1) {
        clicks.run((store) => {
          for (let linkId = 0; linkId <= links; linkId += 1) {
            const counts = { clicks: 6, bots: 2, visitors: 0 };
            store.addRollup({ dimension: 'all', hour, linkId, value: '' }, counts);
            store.addTotal(linkId, counts, 0);
            for (let n = 0; n < referrers; n += 1) {
              const key = { dimension: 'referrer', hour, linkId, value: `${n}.example` } as const;
              store.addRollup(key, { clicks: 3, bots: 1, visitors: 0 });
            }
          }
        });
      }
    })
    .immediate();
}

function count(table: string): number {
  return clicks.rows<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)[0]?.n ?? 0;
}

describe('folding', () => {
  test('moves whole days, sums preserved, and says when nothing is left', () => {
    fill(3);
    // Within the third day, which therefore stays.
    clicks.foldAll(24 * 2 + 13);
    expect(count('click_hours')).toBe(24 * 3);
    expect(count('click_value_hours')).toBe(24 * 3 * 2);
    expect(
      clicks.rows(
        'SELECT day, sum(clicks) AS clicks, sum(bots) AS bots FROM click_value_days GROUP BY day',
      ),
    ).toEqual([0, 1].map((day) => ({ day, clicks: 24 * 3 * 2 * 3, bots: 24 * 3 * 2 })));
    expect(clicks.rows('SELECT kept_from FROM click_folds')).toEqual([{ kept_from: 48 }]);
    expect(clicks.fold(24 * 2 + 13)).toEqual({ isDone: true });
  });

  test('changes nothing when there is nothing to fold, so that no position moves', () => {
    fill(1);
    const changes = () => clicks.connection.value('SELECT total_changes()');
    const before = changes();
    expect(clicks.fold(23)).toEqual({ isDone: true });
    expect(changes()).toBe(before);
    clicks.foldAll(24);
    const after = changes();
    expect(clicks.fold(24)).toEqual({ isDone: true });
    expect(changes()).toBe(after);
  });

  test('moves by the two oldest days at most, so that a clock that is ahead takes no more', async () => {
    fill(7, { links: 0, referrers: 1 });
    const farAhead = 24 * 365 * 50;
    expect(clicks.fold(farAhead, 10, daysPerMove)).toEqual({ isDone: false });
    while (!clicks.fold(farAhead, 10, daysPerMove).isDone);
    expect(count('click_hours')).toBe(5 * 24);
    expect(await reader.findKeptFrom()).toBe(48);
    while (!clicks.fold(farAhead, 1_000, daysPerMove).isDone);
    expect(count('click_hours')).toBe(3 * 24);
  });

  test('leaves no boundary where nothing was counted', async () => {
    expect(clicks.fold(24 * 365 * 50, 10)).toEqual({ isDone: true });
    expect(await reader.findKeptFrom()).toBe(0);
  });

  test('takes at most so many rows out of the hours in one transaction', () => {
    fill(2);
    const hours = () => count('click_hours') + count('click_value_hours');
    let before = hours();
    let isDone = false;
    while (!isDone) {
      ({ isDone } = clicks.fold(48, 7));
      const after = hours();
      expect(before - after).toBeLessThanOrEqual(7);
      expect(after < before || isDone).toBe(true);
      before = after;
    }
    expect(before).toBe(0);
    expect(count('click_value_days')).toBe(2 * 3 * 2);
  });

  test('never goes back: what was folded stays so when more hours are to be kept', async () => {
    fill(3);
    clicks.foldAll(48);
    clicks.foldAll(24);
    expect(await reader.findKeptFrom()).toBe(48);
  });

  test('adds what comes later to the day, with the bound on values', async () => {
    fill(2);
    clicks.foldAll(48);
    clicks.add({ linkId: 1, hour: 5, clicks: 1, values: { referrer: '1.example' } });
    expect(count('click_value_hours')).toBe(0);
    expect(await reader.listBuckets(1, { fromHour: 0, toHour: 24 })).toEqual([
      { hour: 0, hours: 24, clicks: 24 * 6 + 1, bots: 24 * 2, visitors: 0 },
    ]);
    clicks.run((store) => {
      const key = { dimension: 'referrer', hour: 7, linkId: 1, value: '1.example' } as const;
      expect(store.hasRollup(key)).toBe(true);
      expect(store.hasRollup({ ...key, value: '9.example' })).toBe(false);
      expect(store.hasRollup({ ...key, dimension: 'all', value: '' })).toBe(true);
      expect(store.countValues('referrer', 7, 1)).toBe(2);
    });
  });

  test('finds its rows by their key', () => {
    const plan = (sql: string) =>
      clicks.rows<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => detail);
    const seek = expect.stringMatching(/^SEARCH \S+ USING (PRIMARY KEY|INDEX \S+) \(/);
    const statements: string[] = [];
    fill(1);
    clicks.fold(24, 3);
    for (const sql of [
      'DELETE FROM click_value_hours WHERE (hour, total_id, dimension, value_id) <= (1, 2, 3, 4)',
      'DELETE FROM click_hours WHERE (hour, total_id) <= (1, 2)',
      `SELECT hour, total_id FROM click_hours WHERE hour < 24 ORDER BY hour, total_id LIMIT 1 OFFSET 9`,
    ]) {
      statements.push(...plan(sql));
    }
    expect(statements).toEqual([seek, seek, seek]);
  });
});

/**
 * Reads while folds happen between its steps, the first one after the first step; gives what was read, and how many
 * folds there were.
 */
async function readDuringFolds<T>(
  reading: Promise<T>,
  fold: { readonly beforeHour: (folds: number) => number; readonly maxRows: number },
): Promise<{ readonly value: T; readonly folds: number }> {
  const state = { isOver: false };
  const over = reading.finally(() => {
    state.isOver = true;
  });
  let folds = 0;
  while (!state.isOver) {
    clicks.fold(fold.beforeHour(folds), fold.maxRows);
    folds += 1;
    await nextTick();
  }
  return { value: await over, folds };
}

describe('a long read while rows are folded', () => {
  test.each([40, 400, 4_000])(
    'of the buckets has each hour once, %d rows a fold',
    async (maxRows) => {
      const days = 200;
      fill(days, { links: 1, referrers: 1 });
      const { value: buckets, folds } = await readDuringFolds(reader.listBuckets(1, always), {
        beforeHour: () => 60 * 24,
        maxRows,
      });
      expect(folds).toBeGreaterThan(5);
      expect(new Set(buckets.map(({ hours }) => hours))).toEqual(new Set([1, 24]));
      for (const { hours, clicks: n } of buckets) expect(n).toBe(hours * 6);
      const hours = buckets.flatMap((bucket) =>
        Array.from({ length: bucket.hours }, (_, index) => bucket.hour + index),
      );
      expect(hours).toEqual(Array.from({ length: days * 24 }, (_, index) => index));
    },
  );

  test.each([40, 400, 4_000])(
    'of the values counts each click once, %d rows a fold',
    async (maxRows) => {
      // More values than are read of a day at once.
      fill(4, { links: 0, referrers: 300 });
      const { value: values, folds } = await readDuringFolds(
        reader.listValues(allLinksId, 'referrer', always, 'all', 1_000),
        { beforeHour: (done) => done * 24, maxRows },
      );
      expect(folds).toBeGreaterThan(5);
      expect(values).toHaveLength(300);
      for (const { clicks: n, bots } of values) expect([n, bots]).toEqual([4 * 24 * 3, 4 * 24]);
    },
  );

  test('of the top links begins again when hours that it reads become days', async () => {
    fill(3, { links: 800, referrers: 0 });
    // Hours of the first and the last day, and the day between.
    const range = { fromHour: 1, toHour: 24 * 2 + 7 };
    const inHours = await reader.listTopLinks(range, 'all', 1_000);
    expect(new Set(inHours.map(({ clicks: n }) => n))).toEqual(new Set([(23 + 24 + 7) * 6]));
    const { value: links } = await readDuringFolds(reader.listTopLinks(range, 'all', 1_000), {
      beforeHour: () => 24,
      maxRows: 400,
    });
    expect(links).toHaveLength(800);
    // The first day is where its first hour is, and that is not in the range.
    expect(new Set(links.map(({ clicks: n }) => n))).toEqual(new Set([(24 + 7) * 6]));
  });
});
