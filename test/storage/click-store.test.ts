import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dimensionCodes } from '../../src/storage/click-dimensions.ts';
import { keptOrphanSlugs } from '../../src/storage/orphan-store.ts';
import { ClickDatabase } from '../support/click-database.ts';
import { clickStoreSuite } from '../support/click-store-suite.ts';

clickStoreSuite('of SQLite', () => {
  const clicks = new ClickDatabase();
  return { run: (work) => clicks.run(work), close: () => clicks[Symbol.dispose]() };
});

let clicks: ClickDatabase;
beforeEach(() => {
  clicks = new ClickDatabase();
});
afterEach(() => clicks[Symbol.dispose]());

test('the numbers of dimensions are those in the comments of the migration', () => {
  const [{ sql } = { sql: '' }] = clicks.rows<{ sql: string }>(
    `SELECT sql FROM sqlite_schema WHERE name = 'click_value_hours'`,
  );
  const written = [...sql.matchAll(/(\d) ([a-z]+)/g)].map(([, code, name]) => [name, Number(code)]);
  expect(Object.fromEntries(written)).toEqual(dimensionCodes);
});

test('a click adds one to its hour, its day, its values and its total, for its link and for all', () => {
  const values = { region: 'ams', country: 'NL' };
  clicks.add({ linkId: 7, hour: 490_001, clicks: 1, visitors: 1, values });
  clicks.add({ linkId: 7, hour: 490_001, bots: 1 }, { linkId: 8, hour: 490_002, clicks: 2 });
  const totals = `SELECT link_id, clicks, bots, visitors, undated FROM click_totals ORDER BY id`;
  expect(clicks.rows(totals)).toEqual([
    { link_id: 7, clicks: 1, bots: 1, visitors: 1, undated: 0 },
    { link_id: 0, clicks: 3, bots: 1, visitors: 1, undated: 0 },
    { link_id: 8, clicks: 2, bots: 0, visitors: 0, undated: 0 },
  ]);
  const named = (table: string, time: string) =>
    clicks.rows(
      `SELECT ${time}, link_id, t.clicks, t.bots FROM ${table} t JOIN click_totals ON id = total_id ORDER BY 1, 2`,
    );
  expect(named('click_hours', 'hour')).toEqual([
    { hour: 490_001, link_id: 0, clicks: 1, bots: 1 },
    { hour: 490_001, link_id: 7, clicks: 1, bots: 1 },
    { hour: 490_002, link_id: 0, clicks: 2, bots: 0 },
    { hour: 490_002, link_id: 8, clicks: 2, bots: 0 },
  ]);
  expect(named('click_days', 'day')).toEqual([
    { day: 20_416, link_id: 0, clicks: 3, bots: 1 },
    { day: 20_416, link_id: 7, clicks: 1, bots: 1 },
    { day: 20_416, link_id: 8, clicks: 2, bots: 0 },
  ]);
  expect(
    clicks.rows(
      `SELECT value, r.clicks, r.bots FROM click_value_hours r
       JOIN click_values v ON v.id = value_id JOIN click_totals t ON t.id = total_id
       WHERE link_id = 7 AND dimension = ${dimensionCodes.country} ORDER BY value`,
    ),
  ).toEqual([
    { value: '', clicks: 0, bots: 1 },
    { value: 'NL', clicks: 1, bots: 0 },
  ]);
});

test('undated clicks are in the total and in no hour', () => {
  clicks.run((store) => store.addTotal(7, { clicks: 2, bots: 1, visitors: 0 }, 3));
  expect(clicks.rows('SELECT clicks, bots, undated FROM click_totals')).toEqual([
    { clicks: 2, bots: 1, undated: 3 },
  ]);
  expect(clicks.rows('SELECT * FROM click_hours')).toEqual([]);
});

describe('orphan hits', () => {
  const slugs = () =>
    clicks
      .rows<{ slug: string }>('SELECT slug FROM orphan_slugs ORDER BY slug')
      .map(({ slug }) => slug);

  test('are counted by domain and hour', () => {
    clicks.run((store) => {
      store.addOrphans(1, 5, 3);
      store.addOrphans(1, 5, 4);
      store.addOrphans(1, 6, 1);
      store.addOrphans(2, 5, 1);
    });
    expect(clicks.rows('SELECT * FROM orphan_hours')).toEqual([
      { domain_id: 1, hour: 5, hits: 7 },
      { domain_id: 1, hour: 6, hits: 1 },
      { domain_id: 2, hour: 5, hits: 1 },
    ]);
  });

  test('name a slug once, with the last hour it was asked for in', () => {
    clicks.run((store) => {
      store.noteOrphanSlug(1, 'wanted', { hour: 9, hits: 4 });
      store.noteOrphanSlug(1, 'wanted', { hour: 7, hits: 1 });
      store.noteOrphanSlug(1, 'Wanted', { hour: 7, hits: 1 });
    });
    expect(clicks.rows('SELECT slug, hits, last_hour FROM orphan_slugs')).toEqual([
      { slug: 'Wanted', hits: 1, last_hour: 7 },
      { slug: 'wanted', hits: 5, last_hour: 9 },
    ]);
  });

  test('keep a bounded number of slugs of a domain, however they come: the least recent goes', () => {
    clicks.run((store) => {
      store.noteOrphanSlug(1, 'old', { hour: 1, hits: 1 });
      store.noteOrphanSlug(1, 'often', { hour: 2, hits: 1 });
      store.noteOrphanSlug(1, 'often', { hour: 2, hits: 1 });
      store.noteOrphanSlug(2, 'elsewhere', { hour: 1, hits: 1 });
    });
    for (let transaction = 0; transaction < 3; transaction += 1) {
      clicks.run((store) => {
        for (let n = 0; n < keptOrphanSlugs - 1; n += 1) {
          store.noteOrphanSlug(1, `scan-${transaction}-${n}`, { hour: 2, hits: 1 });
        }
      });
    }
    expect(slugs()).toHaveLength(keptOrphanSlugs + 1);
    expect(slugs()).not.toContain('old');
    // Among those of the same hour the ones that were asked for least go first.
    expect(slugs()).toEqual(expect.arrayContaining(['often', 'elsewhere', 'scan-2-0']));
  });

  test('of a new slug look at no more than a few rows', () => {
    const plan = clicks.rows<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT slug FROM orphan_slugs WHERE domain_id = 1 ORDER BY last_hour, hits LIMIT 1`,
    );
    expect(plan.map(({ detail }) => detail)).toEqual([
      'SEARCH orphan_slugs USING COVERING INDEX orphan_slugs_by_last_hour (domain_id=?)',
    ]);
  });
});
