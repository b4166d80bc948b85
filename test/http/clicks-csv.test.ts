import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHour } from '../../src/domain/click.ts';
import { pointersOf } from '../support/problem-body.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const now = Date.parse('2026-11-21T13:37:00Z');
const csv = 'text/csv';
const range = 'from=2026-11-20&to=2026-11-21&interval=day';

let app: TestApp;
let id: number;
beforeAll(async () => {
  app = await startTestApp({ clock: { now: () => now, monotonicMs: () => 0 } });
  const { body } = await app.client
    .post('/api/v1/links')
    .send({ slug: 'Sale', destination: 'https://example.com/' })
    .expect(201);
  id = Number(body.id);
  const hosts = [
    '=cmd|calc',
    '+1',
    '-2',
    '@sum',
    '\ttab',
    '\rcr',
    'a,"b"',
    "it's",
    'plain.example',
  ];
  for (const [index, referrer] of [...hosts, null].entries()) {
    const clicks = 20 - index;
    const hour = toHour(now);
    app.clicks.count({ linkId: id, hour, clicks, visitors: 1, bots: 1, values: { referrer } });
  }
});
afterAll(() => app[Symbol.asyncDispose]());

const get = (query: string, path = '/api/v1/links/sale/clicks') =>
  app.client.get(`${path}?${query}`).set('Accept', csv);

describe('a table of clicks', () => {
  it('is the series, with a header and the line ends of RFC 4180', async () => {
    const { text, headers } = await get(`${range}&timeZone=Europe/Amsterdam`).expect(200);
    expect(text).toBe(
      'start,clicks,visitors_estimate\r\n2026-11-20T00:00:00+01:00,0,0\r\n2026-11-21T00:00:00+01:00,155,10\r\n',
    );
    expect(headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    expect(headers['content-disposition']).toBe('attachment; filename="clicks-Sale-day.csv"');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers.vary).toContain('Accept');
  });

  it('is the values when they are asked for, and runs no formula', async () => {
    const { text, headers } = await get(`${range}&by=referrer`).expect(200);
    expect(text.split('\r\n')).toEqual([
      'referrer,clicks,visitors_estimate',
      "'=cmd|calc,20,1",
      "'+1,19,1",
      "'-2,18,1",
      "'@sum,17,1",
      "'\ttab,16,1",
      '"\'\rcr",15,1',
      '"a,""b""",14,1',
      "it's,13,1",
      'plain.example,12,1',
      ',11,1',
      '',
    ]);
    expect(headers['content-disposition']).toContain('"clicks-Sale-referrer.csv"');
  });

  it('is whole when it is long', async () => {
    const long = 'from=2026-09-01T00:00:00Z&to=2026-11-01T00:00:00Z&interval=hour';
    const { text } = await get(long, '/api/v1/clicks').expect(200);
    const [header, ...rows] = text.split('\r\n').slice(0, -1);
    expect(header).toMatch(/^start,/);
    expect(rows).toHaveLength(61 * 24);
    expect(new Set(rows).size).toBe(61 * 24);
    expect(rows.at(-1)).toBe('2026-10-31T23:00:00Z,0,0');
  });

  it('has no visitors where only bots are counted', async () => {
    const { text } = await get(`${range}&bots=only`).expect(200);
    expect(text).toMatch(/2026-11-21T00:00:00Z,10,\r\n$/);
  });

  it('is there of all links, and of a link by its id', async () => {
    const all = await get(range, '/api/v1/clicks').expect(200);
    expect(all.headers['content-disposition']).toContain('"clicks-all-links-day.csv"');
    await app.client.delete('/api/v1/links/sale').expect(204);
    const deleted = await get(`${range}&link=${id}`, '/api/v1/clicks').expect(200);
    expect(deleted.text).toBe(all.text);
    expect(deleted.headers['content-disposition']).toContain(`"clicks-link-${id}-day.csv"`);
  });

  it('says as a problem what is wrong', async () => {
    const { body, headers } = await get('by=city', '/api/v1/clicks').expect(422);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(pointersOf(body)).toEqual(['by']);
  });
});

describe('the form of an answer', () => {
  it.each([
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['text/csv, application/json;q=0.5', csv],
    ['text/*', csv],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'application/json'],
    ['', 'application/json'],
  ])('for Accept: %s is %s', async (accept, type) => {
    const { headers } = await app.client.get('/api/v1/clicks').set('Accept', accept).expect(200);
    expect(headers['content-type']).toMatch(`${type}; charset=utf-8`);
  });

  it.each(['application/xml', 'image/png', 'text/html', 'text/csv;q=0, application/json;q=0'])(
    'cannot be that of Accept: %s',
    async (accept) => {
      const { headers, status, text } = await app.client
        .get('/api/v1/clicks')
        .set('Accept', accept);
      expect(status).toBe(406);
      expect(headers.vary).toContain('Accept');
      if (!accept.includes('html')) {
        expect(JSON.parse(text)).toMatchObject({
          type: 'http://go.example.com/problems/not-acceptable',
          errors: [{ pointer: 'Accept' }],
        });
      }
    },
  );
});
