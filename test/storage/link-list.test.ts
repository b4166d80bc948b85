import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Link } from '../../src/domain/link.ts';
import { type LinkPageStart, type LinkSort, linkSorts } from '../../src/domain/link-store.ts';
import { Connection } from '../../src/storage/connection.ts';
import { linksPerSearchStep, toPageStart } from '../../src/storage/link-list.ts';
import { linkColumns, toLinkRow } from '../../src/storage/link-row.ts';
import { createLinkWriteStore } from '../../src/storage/link-write-store.ts';
import { listLinksById } from '../../src/storage/list-links-by-id.ts';
import { openReader, type Reader } from '../../src/storage/reader.ts';
import { makeLink } from '../support/make-link.ts';
import { DatabaseTemplate, TestFolder } from '../support/test-database.ts';

const total = 100_000;
const folder = new TestFolder();
const model: Link[] = [];
const ordered = new Map<LinkSort, readonly Link[]>();
let reader: Reader;

/** Links with many ties in every sort, words that are rare and words that are not, and signs that LIKE knows. */
function modelLink(id: number): Link {
  const titles = [null, `Spring ${id % 97}`, '100% off', 'snake_case', 'back\\slash', 'Größe'];
  return makeLink({
    id,
    // Neither the order of ids nor that of times.
    slug: `${((id * 7_919) % total).toString(36)}-${id % 3 === 0 ? 'Sale' : 'x'}`,
    destination: `https://example.com/${id % 11}/${id % 5_003 === 0 ? 'needle' : 'hay'}?a=1`,
    title: titles[id % titles.length] ?? null,
    createdAt: Date.UTC(2026, 0) + ((id * 31) % 10_007),
    updatedAt: Date.UTC(2026, 1) + ((id * 17) % 503),
  });
}

beforeAll(() => {
  using template = new DatabaseTemplate('delete');
  template.copyTo(folder.file());
  const database = new Database(folder.file());
  database.pragma('synchronous = OFF');
  const values = linkColumns.map((column) => `@${column}`);
  const insert = database.prepare(
    `INSERT INTO links (${linkColumns.join(', ')}) VALUES (${values.join(', ')})`,
  );
  database
    .transaction(() => {
      for (let id = 1; id <= total; id += 1) {
        const link = modelLink(id);
        model.push(link);
        insert.run(toLinkRow(link));
      }
      // Never in a list of domain 1.
      database.exec(`INSERT INTO domains VALUES (2, 'other.example', 'insensitive', 1)`);
      insert.run(toLinkRow(makeLink({ id: total + 1, domainId: 2, slug: 'elsewhere-sale' })));
    })
    .immediate();
  for (const sort of linkSorts) {
    const start = (link: Link) => toPageStart(link, sort);
    ordered.set(
      sort,
      model.toSorted((a, b) => compare(sort, start(a), start(b))),
    );
  }
  database.close();
  reader = openReader({ file: folder.file(), timeoutMs: 10_000 });
}, 60_000);

afterAll(() => {
  reader[Symbol.dispose]();
  folder[Symbol.dispose]();
});

function compare(sort: LinkSort, a: LinkPageStart, b: LinkPageStart): number {
  const order = a.value < b.value ? -1 : a.value > b.value ? 1 : a.id - b.id;
  return sort.startsWith('-') ? -order : order;
}

function toModelList(sort: LinkSort, search = ''): readonly Link[] {
  const all = ordered.get(sort) ?? [];
  const wanted = search.toLowerCase();
  if (wanted === '') return all;
  return all.filter((link) =>
    `${link.slug} ${link.destination} ${link.title ?? ''}`.toLowerCase().includes(wanted),
  );
}

const ids = (links: readonly Link[]) => links.map(({ id }) => id);
const searches = [
  '',
  'sale',
  'SALE',
  'needle',
  'spring 42',
  '%',
  '_',
  '\\',
  '0% o',
  'größe',
  '-x',
  'nowhere',
];

test('every page equals the model, from any place in any order', async () => {
  const lists = new Map<string, readonly Link[]>();
  const listOf = (sort: LinkSort, search: string) => {
    const key = `${sort} ${search}`;
    const list = lists.get(key) ?? toModelList(sort, search);
    lists.set(key, list);
    return list;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...linkSorts),
      fc.constantFrom(...searches),
      fc.integer({ min: 1, max: 1_000 }),
      fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      async (sort, search, limit, place) => {
        const list = listOf(sort, search);
        const index = place === null ? -1 : Math.floor(place * (list.length - 1));
        const before = list[index];
        const page = await reader.links.listLinks({
          domainId: 1,
          sort,
          limit,
          search: search === '' ? undefined : search,
          after: before && toPageStart(before, sort),
        });
        const expected = list.slice(index + 1, index + 1 + limit);
        expect(ids(page.links)).toEqual(ids(expected));
        const last = expected.at(-1);
        expect(page.links.at(-1)).toEqual(last);
        const hasMore = index + 1 + limit < list.length;
        expect(page.next).toEqual(hasMore && last ? toPageStart(last, sort) : undefined);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

describe.each(linkSorts)('in the order %s', (sort) => {
  test('every link comes exactly once, also while others are created', async () => {
    const database = new Database(folder.file());
    database.pragma('synchronous = OFF');
    const store = createLinkWriteStore(new Connection(database));
    const created: Link[] = [];
    const seen: Link[] = [];
    let after: LinkPageStart | undefined;
    let id = total + 10;
    do {
      const page = await reader.links.listLinks({ domainId: 1, sort, limit: 1_000, after });
      seen.push(...page.links);
      after = page.next;
      id += 1;
      const link = { ...modelLink(id), slug: `new-${id}`, slugKey: `new-${id}` } as Link;
      store.insertLink(link);
      created.push(link);
    } while (after !== undefined);
    for (const link of created) store.deleteLink(link);
    database.close();
    const old = seen.filter((link) => link.id <= total);
    expect(ids(old)).toEqual(ids(toModelList(sort)));
    expect(new Set(ids(seen)).size).toBe(seen.length);
  });
});

test('a search lets others have their turn', async () => {
  let turns = 0;
  let isDone = false;
  const countTurn = () => {
    turns += 1;
    if (!isDone) setImmediate(countTurn);
  };
  setImmediate(countTurn);
  const page = await reader.links.listLinks({
    domainId: 1,
    sort: '-createdAt',
    limit: 10,
    search: 'nowhere',
  });
  isDone = true;
  expect(page).toEqual({ links: [] });
  expect(turns).toBeGreaterThanOrEqual(total / linksPerSearchStep);
});

test.each(['needle'.repeat(2_000), 'a\0', '\0'])(
  'a search that cannot match finds nothing',
  async (search) => {
    const page = await reader.links.listLinks({ domainId: 1, sort: 'slug', limit: 10, search });
    expect(page).toEqual({ links: [] });
  },
);

test('no list sorts: its order is that of an index', () => {
  const database = new Database(folder.file(), { readonly: true });
  const plans = ['created_at', 'updated_at', 'slug_key'].flatMap((column) =>
    ['asc', 'desc'].map((direction) =>
      database
        .prepare(
          `EXPLAIN QUERY PLAN SELECT * FROM links WHERE domain_id = 1 AND (${column}, id) > (1, 2)
           ORDER BY ${column} ${direction}, id ${direction}`,
        )
        .all()
        .map((row) => (row as { detail: string }).detail)
        .join('; '),
    ),
  );
  database.close();
  for (const plan of plans)
    expect(plan).toMatch(/^SEARCH links USING INDEX \S+ \(domain_id=\? AND \S+\)$/);
});

test('an export reads by id, and looks at no link before', () => {
  const database = new Database(folder.file(), { readonly: true });
  const { sql, toValues } = listLinksById;
  const plan = database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...toValues({ domainId: 1, afterId: 0 }))
    .map((row) => (row as { detail: string }).detail);
  database.close();
  expect(plan).toEqual(['SEARCH links USING INTEGER PRIMARY KEY (rowid>?)']);
});
