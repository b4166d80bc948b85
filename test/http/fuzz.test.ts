import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ settings: { access: 'open' } });
  await app.client.post('/?url=https://example.com/&slug=there').expect(201);
});
afterAll(() => app[Symbol.asyncDispose]());

/** Sends any bytes of a request that HTTP lets through. */
async function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${app.port}${path}`, { method, redirect: 'manual', ...init });
}

/**
 * Whatever was sent: no defect, problems as problems, and no order to the edge (docs/facts.md, "An answer can give the
 * edge orders").
 */
async function expectSound(response: Response): Promise<void> {
  const body = await response.text();
  expect(response.status, body).toBeLessThan(500);
  if (response.status >= 400) {
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status: response.status });
  }
  const orders = [...response.headers.keys()].filter((name) => name.startsWith('fly-'));
  expect(orders).toEqual([]);
  expect(response.headers.get('content-type') ?? '').not.toContain('fly');
}

const json = { 'Content-Type': 'application/json' };

/** Values that a field's rules meet: near what is right, and anything else. */
const fieldValue = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: 'binary' }),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom(
    '\ud800',
    '\u0000',
    '//x',
    '/\\x',
    'https://example.com/\r\nfly-replay: instance=x',
  ),
);
const fieldName = fc.oneof(
  fc.constantFrom('destination', 'slug', 'title', 'redirectCode', 'forwardQuery', 'notBefore'),
  fc.constantFrom('expiresAt', 'disabled', 'blocked', 'name', '__proto__', 'toString'),
  fc.string(),
);
const anyBody = fc.oneof(
  fc.json(),
  fc.dictionary(fieldName, fieldValue).map((fields) => JSON.stringify(fields)),
  fc.string({ unit: 'binary' }),
);
const ofClicks = ['from', 'to', 'interval', 'timeZone', 'by', 'bots', 'link'];
const anyQuery = fc
  .array(
    fc.tuple(
      fc.constantFrom('url', 'slug', 'limit', 'sort', 'search', 'cursor', 'x', ...ofClicks),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((pairs) =>
    String(
      new URLSearchParams(
        pairs.map(([name, text]): [string, string] => [name, text.toWellFormed()]),
      ),
    ),
  );
/** A query as somebody could type it: signs that HTTP lets through, encoded or not. */
const rawQuery = fc.stringMatching(/^[\x21\x22\x24-\x7e]{0,60}$/);

const runs = { numRuns: 150 };

describe('whatever is sent', () => {
  it.each([
    ['POST', '/api/v1/links'],
    ['PATCH', '/api/v1/links/there'],
    ['POST', '/api/v1/keys'],
  ])('as JSON body to %s %s', async (method, path) => {
    await fc.assert(
      fc.asyncProperty(anyBody, async (body) => {
        await expectSound(await send(method, path, { body, headers: json }));
      }),
      runs,
    );
  });

  it.each([
    ['POST', '/'],
    ['POST', '/session'],
  ])('as form to %s %s', async (method, path) => {
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyQuery, rawQuery), async (body) => {
        await expectSound(await send(method, path, { body, headers: type }));
      }),
      runs,
    );
  });

  it('as bytes with any content type', async () => {
    const type = fc.oneof(
      fc.constantFrom('application/json', ''),
      fc.stringMatching(/^[\x20-\x7e]*$/),
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), type, async (bytes, contentType) => {
        const init = { body: new Uint8Array(bytes), headers: { 'Content-Type': contentType } };
        await expectSound(await send('POST', '/api/v1/links', init));
        await expectSound(await send('POST', '/', init));
      }),
      runs,
    );
  });

  it.each(['/api/v1/links', '/', '/api/v1/status', '/api/v1/clicks', '/api/v1/links/there/clicks'])(
    'as query to GET %s',
    async (path) => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(anyQuery, rawQuery), async (query) => {
          await expectSound(await send('GET', `${path}?${query}`));
        }),
        runs,
      );
    },
  );

  it('as query to POST /', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyQuery, rawQuery), async (query) => {
        await expectSound(await send('POST', `/?${query}`));
      }),
      runs,
    );
  });

  it('as path', async () => {
    const segment = fc.stringMatching(/^[\x21\x22\x24-\x3e\x40-\x7e]{0,30}$/);
    const prefix = fc.constantFrom(
      '/',
      '/api/v1/links/',
      '/problems/',
      '/docs/',
      '/assets/',
      '/api/',
    );
    await fc.assert(
      fc.asyncProperty(prefix, segment, async (start, end) => {
        await expectSound(await send('GET', `${start}${end}`));
      }),
      runs,
    );
  });

  it('as header', async () => {
    const name = fc.constantFrom(
      'If-Match',
      'If-None-Match',
      'Idempotency-Key',
      'Authorization',
      'Cookie',
      'Origin',
      'Sec-Fetch-Site',
      'X-Request-Id',
      'X-Forwarded-For',
      'Fly-Client-IP',
      'fly-replay',
      'fly-replay-src',
      'hoplite-caller',
      'Range',
      'Accept-Language',
    );
    const value = fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e\xa1-\xff]{0,80}[\x21-\x7e])?$/);
    await fc.assert(
      fc.asyncProperty(name, value, async (header, text) => {
        const headers = { ...json, [header]: text };
        await expectSound(await send('GET', '/api/v1/links/there', { headers }));
        await expectSound(await send('PATCH', '/api/v1/links/there', { headers, body: '{}' }));
      }),
      runs,
    );
  });
});
