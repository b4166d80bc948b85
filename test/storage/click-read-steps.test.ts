import { setImmediate as nextTick } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allLinksId } from '../../src/domain/click.ts';
import type { HourRange } from '../../src/domain/click-reader.ts';
import { type OpenClickReader, openClickReader } from '../../src/storage/click-reader.ts';
import { stepBudget } from '../../src/storage/read-in-steps.ts';
import { linksPerRound } from '../../src/storage/top-links.ts';
import { ClickDatabase } from '../support/click-database.ts';

const always: HourRange = { fromHour: 0, toHour: Number.MAX_SAFE_INTEGER };
const days = 40;
const links = linksPerRound + 5_000;
const referrers = 500;

let clicks: ClickDatabase;
let reader: OpenClickReader;

beforeAll(() => {
  clicks = new ClickDatabase();
  clicks.connection.database
    .transaction(() => {
      // Link 1 and all links in every hour, with many referrers on a few days.
      for (let hour = 0; hour < days * 24; hour += 1) {
        clicks.run((store) => {
          for (const linkId of [allLinksId, 1]) {
            store.addRollup({ dimension: 'all', hour, linkId, value: '' }, one);
          }
          for (let n = 0; n < (hour < 48 ? referrers : 1); n += 1) {
            const value = `${n}.example`;
            store.addRollup({ dimension: 'referrer', hour, linkId: allLinksId, value }, one);
          }
        });
      }
      // Many links on one day.
      clicks.run((store) => {
        for (let linkId = 2; linkId <= links; linkId += 1) {
          const counts = { clicks: linkId, bots: 0, visitors: 0 };
          store.addRollup({ dimension: 'all', hour: 30, linkId, value: '' }, counts);
        }
      });
    })
    .immediate();
  reader = openClickReader({ file: clicks.file, timeoutMs: 10_000 });
}, 60_000);

afterAll(() => {
  reader[Symbol.dispose]();
  clicks[Symbol.dispose]();
});

const one = { clicks: 1, bots: 0, visitors: 0 };

/** How often others had their turn while something was read. */
async function countTurns<T>(reading: Promise<T>): Promise<{ value: T; turns: number }> {
  const state = { isOver: false };
  const over = reading.finally(() => {
    state.isOver = true;
  });
  let turns = 0;
  while (!state.isOver) {
    turns += 1;
    await nextTick();
  }
  return { value: await over, turns };
}

describe('a long read lets others have their turn', () => {
  test('of buckets', async () => {
    const { value, turns } = await countTurns(reader.listBuckets(1, always));
    expect(value).toHaveLength(days * 24);
    expect(turns).toBeGreaterThanOrEqual((days * 24 * 3) / stepBudget);
  });

  test('of the values of a day that has many in each hour', async () => {
    const range = { fromHour: 0, toHour: 48 };
    const { value, turns } = await countTurns(
      reader.listValues(allLinksId, 'referrer', range, 'all', 1_000),
    );
    expect(value).toHaveLength(referrers);
    // SQLite adds up most of the rows by itself; a step ends with the part that it has begun.
    expect(turns).toBeGreaterThanOrEqual((48 * referrers * 0.4) / (2 * stepBudget));
  });

  test('of the top of more links than are added up at a time, which is exact', async () => {
    const { value, turns } = await countTurns(reader.listTopLinks(always, 'people', 3));
    expect(value.map(({ linkId, clicks: n }) => [linkId, n])).toEqual(
      [links, links - 1, links - 2].map((linkId) => [linkId, linkId]),
    );
    expect(turns).toBeGreaterThanOrEqual(links / stepBudget);
    const all = await reader.listTopLinks(always, 'people', links);
    expect(new Set(all.map(({ linkId }) => linkId)).size).toBe(links);
    for (const { linkId, clicks: n } of all) expect(n).toBe(linkId === 1 ? days * 24 : linkId);
  });

  test('of many totals', async () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => index + 1);
    const { value, turns } = await countTurns(reader.findTotals(ids));
    expect(value.size).toBe(10_000);
    expect(turns).toBeGreaterThanOrEqual((10_000 * 3) / stepBudget);
  });
});

test('a range without an end costs no more than the days that there are', async () => {
  const { turns } = await countTurns(
    reader.listBuckets(1, { fromHour: Number.MIN_SAFE_INTEGER, toHour: Number.MAX_SAFE_INTEGER }),
  );
  expect(turns).toBeLessThan(20);
  const none = { fromHour: days * 24, toHour: Number.MAX_SAFE_INTEGER };
  expect(await reader.listBuckets(1, none)).toEqual([]);
  expect(await reader.listTopLinks(none, 'all', 5)).toEqual([]);
  expect(await reader.listValues(1, 'os', none, 'all', 5)).toEqual([]);
});

test('rows are found by their key', () => {
  const plan = (sql: string) =>
    clicks.rows<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => detail);
  const seek = expect.stringMatching(/^SEARCH \S+ USING (PRIMARY KEY|(COVERING )?INDEX \S+) \(/);
  for (const sql of [
    'SELECT clicks FROM click_days WHERE day = 1 AND total_id = 2',
    'SELECT clicks FROM click_days WHERE day = 1 AND total_id > 2 AND total_id <= 9 ORDER BY total_id LIMIT 5',
    'SELECT clicks FROM click_hours WHERE hour = 1 AND total_id = 2',
    `SELECT clicks FROM click_value_hours WHERE hour = 1 AND total_id = 2 AND dimension = 3 AND value_id > 4
     ORDER BY value_id LIMIT 32`,
    'SELECT clicks FROM click_totals WHERE link_id = 1',
    'SELECT slug FROM orphan_slugs WHERE domain_id = 1 AND last_hour >= 1 ORDER BY last_hour DESC, hits DESC',
  ]) {
    expect(plan(sql)).toEqual([seek]);
  }
});
