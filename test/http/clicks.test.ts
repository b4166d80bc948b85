import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHour } from '../../src/domain/click.ts';
import type { CountedClicks } from '../support/memory-click-reader.ts';
import { pointersOf } from '../support/problem-body.ts';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

const now = Date.parse('2026-11-21T13:37:00Z');
const clock = { now: () => now, monotonicMs: () => 0 };
const hourOf = (time: string) => toHour(Date.parse(time));

let app: TestApp;
let id: number;
beforeAll(async () => {
  app = await startTestApp({ clock });
  id = await create(app, 'sale');
  count({ hour: hourOf('2026-11-20T23:30:00Z'), clicks: 3, bots: 1, visitors: 2, country: 'NL' });
  count({ hour: hourOf('2026-11-21T13:00:00Z'), clicks: 2, visitors: 1, country: null });
  count({ hour: hourOf('2026-11-21T13:00:00Z'), bots: 4, country: 'US' });
  count({ hour: hourOf('2025-01-01T00:00:00Z'), clicks: 10, visitors: 10, country: 'BE' });
  app.clicks.countUndated(id, 1);
});
afterAll(() => app[Symbol.asyncDispose]());

async function create(to: TestApp, slug: string): Promise<number> {
  const { body } = await to.client
    .post('/api/v1/links')
    .send({ slug, destination: `https://example.com/${slug}` })
    .expect(201);
  return Number(body.id);
}

function count({
  country,
  ...clicks
}: Omit<CountedClicks, 'linkId' | 'values'> & { readonly country: string | null }): void {
  app.clicks.count({ linkId: id, ...clicks, values: { country } });
}

async function read(query = '', path = '/api/v1/links/sale/clicks') {
  const { body } = await app.client.get(`${path}?${query}`).expect(200);
  return body;
}

type Point = { readonly start: string; readonly clicks: number };
const busy = (series: readonly Point[]) =>
  series.filter(({ clicks }) => clicks > 0).map(({ start, clicks }) => [start, clicks]);

describe('the clicks of a link', () => {
  it('are those of people in the last 30 days, day by day', async () => {
    const body = await read();
    expect(body).toMatchObject({
      link: { id: String(id), slug: 'sale', shortUrl: 'http://go.example.com/sale' },
      from: '2026-10-23T00:00:00Z',
      to: '2026-11-21T14:00:00Z',
      timeZone: 'UTC',
      interval: 'day',
      bots: 'exclude',
      resolution: 'hour',
      hourlyFrom: null,
      totals: { clicks: 5, visitorsEstimate: 3 },
      allTime: { total: 21, people: 16, bots: 5, visitorsEstimate: 13, undated: 1 },
    });
    expect(body.series).toHaveLength(30);
    expect(body.series[0]).toEqual({
      start: '2026-10-23T00:00:00Z',
      clicks: 0,
      visitorsEstimate: 0,
    });
    expect(busy(body.series)).toEqual([
      ['2026-11-20T00:00:00Z', 3],
      ['2026-11-21T00:00:00Z', 2],
    ]);
    expect(body).not.toHaveProperty('values');
  });

  it('are by the hour, day or month of a time zone', async () => {
    const zone = 'from=2026-11-01&timeZone=Europe/Amsterdam';
    const months = await read(`${zone}&interval=month`);
    expect(busy(months.series)).toEqual([['2026-11-01T00:00:00+01:00', 5]]);
    const days = await read(`${zone}&interval=day`);
    expect(busy(days.series)).toEqual([['2026-11-21T00:00:00+01:00', 5]]);
    const hours = await read(`${zone}&interval=hour`);
    expect(busy(hours.series)).toEqual([
      ['2026-11-21T00:00:00+01:00', 3],
      ['2026-11-21T14:00:00+01:00', 2],
    ]);
    expect(hours.timeZone).toBe('Europe/Amsterdam');
  });

  it('take a time in any form that RFC 3339 and an URL allow', async () => {
    for (const from of [
      '2026-11-21T00:00:00%2B01:00',
      '2026-11-21T00:00:00+01:00',
      '2026-11-20T23:00:00Z',
      '2026-11-20T18:00:00.000-05:00',
    ]) {
      const { totals, from: shown } = await read(`from=${from}`);
      expect([shown, totals.clicks]).toEqual(['2026-11-20T23:00:00Z', 5]);
    }
  });

  it('are those of bots too, or theirs alone', async () => {
    expect((await read('bots=exclude')).totals).toEqual({ clicks: 5, visitorsEstimate: 3 });
    expect((await read('bots=include')).totals).toEqual({ clicks: 10, visitorsEstimate: 3 });
    const only = await read('bots=only');
    expect(only.totals).toEqual({ clicks: 5, visitorsEstimate: null });
    expect(only.series.at(-1)).toEqual({
      start: '2026-11-21T00:00:00Z',
      clicks: 4,
      visitorsEstimate: null,
    });
    expect(only.allTime.people).toBe(16);
  });

  it('are told apart by a dimension, with null for what is not known', async () => {
    const body = await read('by=country');
    expect(body).toMatchObject({ by: 'country', hasMoreValues: false });
    expect(body.values).toEqual([
      { value: 'NL', clicks: 3, visitorsEstimate: 2 },
      { value: null, clicks: 2, visitorsEstimate: 1 },
    ]);
    const bots = await read('by=country&bots=only&limit=1');
    expect(bots.values).toEqual([{ value: 'US', clicks: 4, visitorsEstimate: null }]);
    expect(bots.hasMoreValues).toBe(true);
  });

  it('are found by the slug in any case, and by nothing else', async () => {
    expect((await read('', '/api/v1/links/SALE/clicks')).link.slug).toBe('sale');
    for (const slug of ['nowhere', 'a.b', 'api', '%2e%2e']) {
      await app.client.get(`/api/v1/links/${slug}/clicks`).expect(404);
    }
  });

  it('are kept by nobody on the way', async () => {
    const { headers } = await app.client.get('/api/v1/links/sale/clicks').expect(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers.etag).toBeUndefined();
    expect(headers.vary).toContain('Accept');
  });

  it('have the same head for HEAD', async () => {
    const { headers } = await app.client.head('/api/v1/links/sale/clicks').expect(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('are unavailable for the moment when the counts are busy', async () => {
    app.clicks.isBusy = true;
    const { headers } = await app.client.get('/api/v1/links/sale/clicks').expect(503);
    app.clicks.isBusy = false;
    expect(headers['retry-after']).toBe('1');
  });

  it('say where only days are known', async () => {
    await using old = await startTestApp({ clock });
    const linkId = await create(old, 'old');
    old.clicks.keptFrom = hourOf('2026-08-23T00:00:00Z');
    old.clicks.count({ linkId, hour: hourOf('2026-03-05T00:00:00Z'), hours: 24, clicks: 7 });
    const path = '/api/v1/links/old/clicks?from=2026-03-01&to=2026-03-31&timeZone=Asia/Tokyo';
    const { body } = await old.client.get(path).expect(200);
    expect(body).toMatchObject({
      resolution: 'day',
      hourlyFrom: '2026-08-23T00:00:00.000Z',
      totals: { clicks: 7 },
    });
    expect(body.series).toHaveLength(31);
    expect(busy(body.series)).toEqual([['2026-03-05T00:00:00+09:00', 7]]);
    const recent = await old.client.get('/api/v1/links/old/clicks').expect(200);
    expect(recent.body.resolution).toBe('hour');
  });
});

describe('a parameter of clicks', () => {
  it.each([
    ['from=', 'from'],
    ['from=yesterday', 'from'],
    ['from=2026-02-30', 'from'],
    ['from=2026-11-21T10:00:00', 'from'],
    ['from=2026-11-21T10:00Z', 'from'],
    ['from=1763683200', 'from'],
    ['from=2026-11-22', 'from'],
    ['from=2026-11-20&to=2026-11-19', 'from'],
    ['from=2026-11-20T10:00:00Z&to=2026-11-20T10:00:00Z', 'from'],
    ['to=x', 'to'],
    ['to=9999-12-31', 'to'],
    ['from=0001-01-01', 'from'],
    ['interval=', 'interval'],
    ['interval=week', 'interval'],
    ['from=2026-01-01&interval=hour', 'interval'],
    ['by=city', 'by'],
    ['by=', 'by'],
    ['by=__proto__', 'by'],
    ['bots=yes', 'bots'],
    ['timeZone=', 'timeZone'],
    ['timeZone=Mars/Olympus', 'timeZone'],
    ['timeZone=%2B01:00', 'timeZone'],
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['limit=x', 'limit'],
    ['timezone=UTC', 'timezone'],
    ['link=1', 'link'],
    ['x=1', 'x'],
  ])('may not be %s', async (query, pointer) => {
    const { body } = await app.client.get(`/api/v1/links/sale/clicks?${query}`).expect(422);
    expect(pointersOf(body)).toEqual([pointer]);
  });

  it('is named together with the others that are wrong', async () => {
    const query = 'from=x&to=y&interval=week&by=city&bots=yes&timeZone=Mars/Olympus&limit=0';
    const { body } = await app.client.get(`/api/v1/clicks?${query}`).expect(422);
    expect(pointersOf(body).sort()).toEqual(
      ['bots', 'by', 'from', 'interval', 'limit', 'timeZone', 'to'].sort(),
    );
  });

  it.each(['link=', 'link=0', 'link=x', 'link=-1', 'link=1e3', 'link=9007199254740993'])(
    'of all links may not be %s',
    async (query) => {
      const { body } = await app.client.get(`/api/v1/clicks?${query}`).expect(422);
      expect(pointersOf(body)).toEqual(['link']);
    },
  );
});

describe('the clicks of all links', () => {
  it('are one sum, with the links that have the most', async () => {
    await using all = await startTestApp({ clock });
    const [first, second] = [await create(all, 'first'), await create(all, 'second')];
    const hour = hourOf('2026-11-21T10:00:00Z');
    all.clicks.count({ linkId: first, hour, clicks: 1, visitors: 1, bots: 9 });
    all.clicks.count({ linkId: second, hour, clicks: 2, visitors: 1, values: { device: 'tv' } });
    all.clicks.count({ linkId: 404, hour, clicks: 5, visitors: 5 });
    all.clicks.orphans = { hits: 12, slugs: [{ slug: 'wp-login', hits: 3, lastHour: hour }] };
    const { body } = await all.client.get('/api/v1/clicks').expect(200);
    expect(body).toMatchObject({
      totals: { clicks: 8, visitorsEstimate: 7 },
      allTime: { total: 17, people: 8, bots: 9 },
      links: [
        { id: '404', slug: null, shortUrl: null, clicks: 5 },
        { id: String(second), slug: 'second', clicks: 2 },
        { id: String(first), shortUrl: 'http://go.example.com/first', clicks: 1 },
      ],
      hasMoreLinks: false,
      orphans: {
        hits: 12,
        slugs: [{ slug: 'wp-login', hits: 3, lastHour: '2026-11-21T10:00:00.000Z' }],
      },
    });
    expect(body).not.toHaveProperty('link');
    const bots = await all.client.get('/api/v1/clicks?bots=include&limit=1').expect(200);
    expect(bots.body.links).toEqual([
      {
        id: String(first),
        slug: 'first',
        shortUrl: 'http://go.example.com/first',
        clicks: 10,
        visitorsEstimate: 1,
      },
    ]);
    expect(bots.body.hasMoreLinks).toBe(true);
    const devices = await all.client.get('/api/v1/clicks?by=device').expect(200);
    expect(devices.body.values).toMatchObject([
      { value: null, clicks: 6 },
      { value: 'tv', clicks: 2 },
    ]);
  });

  it('are zero where nothing was ever clicked', async () => {
    await using none = await startTestApp({ clock });
    const { body } = await none.client.get('/api/v1/clicks').expect(200);
    expect(body).toMatchObject({
      totals: { clicks: 0 },
      allTime: { total: 0 },
      links: [],
      orphans: { hits: 0, slugs: [] },
    });
    expect(body.series).toHaveLength(30);
  });
});

describe('the clicks of a link by its id', () => {
  it('are the same as by its slug', async () => {
    const bySlug = await read('by=country');
    expect(await read(`by=country&link=${id}`, '/api/v1/clicks')).toEqual(bySlug);
  });

  it('remain when it is deleted, and one that takes its slug begins at zero', async () => {
    await using other = await startTestApp({ clock });
    const before = await create(other, 'again');
    const hour = hourOf('2026-11-21T10:00:00Z');
    other.clicks.count({ linkId: before, hour, clicks: 4, visitors: 4 });
    await other.client.delete('/api/v1/links/again').expect(204);
    await other.client.get('/api/v1/links/again/clicks').expect(404);
    const after = await create(other, 'again');
    expect(after).not.toBe(before);
    const kept = await other.client.get(`/api/v1/clicks?link=${before}`).expect(200);
    expect(kept.body).toMatchObject({
      link: { id: String(before), slug: null, shortUrl: null },
      totals: { clicks: 4 },
    });
    const fresh = await other.client.get('/api/v1/links/again/clicks').expect(200);
    expect(fresh.body).toMatchObject({ link: { id: String(after) }, allTime: { total: 0 } });
    const link = await other.client.get('/api/v1/links/again').expect(200);
    expect(link.body.clicks.total).toBe(0);
  });

  it('are not there for an id that no link had, and unknown while the node cannot tell', async () => {
    await app.client.get('/api/v1/clicks?link=5').expect(404);
    app.canCatchUp = false;
    await app.client.get('/api/v1/clicks?link=5').expect(503);
    await app.client.get(`/api/v1/clicks?link=${id}`).expect(200);
    app.canCatchUp = true;
  });
});

it('whoever may list links may read clicks, and nobody else', async () => {
  await using closed = await startTestApp({ settings: { access: 'keys' } });
  await closed.client.get('/api/v1/clicks').expect(401);
  await closed.client.get('/api/v1/links/sale/clicks').expect(401);
  const { body } = await closed.client
    .post('/api/v1/keys')
    .set('Authorization', `Bearer ${testAdminKey}`)
    .send({ name: 'reader' })
    .expect(201);
  await closed.client.get('/api/v1/clicks').set('Authorization', `Bearer ${body.key}`).expect(200);
});
