import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pointersOf } from '../support/problem-body.ts';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

const destination = 'https://example.com/';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await app.client.post('/api/v1/links').send({ destination, slug: 'there' }).expect(201);
});
afterAll(() => app[Symbol.asyncDispose]());

describe('a form', () => {
  const sendForm = (path: string, text: string) =>
    app.client.post(path).set('Content-Type', 'application/x-www-form-urlencoded').send(text);

  it.each([
    ['/session', '', 400, ''],
    ['/session', 'key=', 422, 'key'],
    ['/session', `key=${'x'.repeat(501)}`, 422, 'key'],
    ['/session', 'x=1', 422, 'key'],
    ['/session', 'key=a&x=1', 422, 'x'],
    ['/session', 'key=a&key=b', 422, 'key'],
    ['/session', 'key=%zz', 400, 'key'],
    ['/session', 'key=%ff', 400, 'key'],
    ['/', 'url=a&url=b', 422, 'url'],
    ['/', 'url=%', 400, 'url'],
    ['/', 'slug=x', 400, 'url'],
    ['/', 'a[b]=1&url=https://example.com/', 422, 'a[b]'],
  ])('at %s may not be %j', async (path, text, status, pointer) => {
    const { body } = await sendForm(path, text).expect(status);
    expect(pointersOf(body)).toContain(pointer);
  });
});

describe('a parameter', () => {
  it.each([
    ['limit=', 'limit'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=%2050', 'limit'],
    ['limit=x', 'limit'],
    ['limit=9999999999999999999999', 'limit'],
    ['sort=', 'sort'],
    ['sort=id', 'sort'],
    ['sort=createdAt;drop', 'sort'],
    ['sort=-createdAt,slug', 'sort'],
    ['sort=constructor', 'sort'],
    ['search=', 'search'],
    [`search=${'x'.repeat(201)}`, 'search'],
    ['search=%00', 'search'],
    ['search=a%0d%0ab', 'search'],
    ['cursor=', 'cursor'],
    ['cursor=x', 'cursor'],
    ['cursor=W10', 'cursor'],
    [`cursor=${'x'.repeat(600)}`, 'cursor'],
    ['x=1', 'x'],
    ['limit=1&limit=2', 'limit'],
    ['limit[]=1', 'limit[]'],
    ['__proto__=1', '__proto__'],
    ['=1', ''],
  ])('of the list may not be %s', async (query, pointer) => {
    const { body } = await app.client.get(`/api/v1/links?${query}`).expect(422);
    expect(pointersOf(body)).toEqual([pointer]);
  });

  it.each(['search=%', 'search=%zz', 'search=%ff', 'search=%e2%28%a1', 'search=%c0%80'])(
    'may not be badly encoded: %s',
    async (query) => {
      const { body } = await app.client.get(`/api/v1/links?${query}`).expect(400);
      expect(pointersOf(body)).toEqual(['search']);
    },
  );

  it.each([
    ['limit=1', 200],
    ['limit=200', 200],
    [`search=${'x'.repeat(200)}`, 200],
    ['search=%25_%5C%27%22', 200],
    ['', 200],
  ])('may just be %s', async (query, status) => {
    await app.client.get(`/api/v1/links?${query}`).expect(status);
  });

  it.each([
    ['get', '/api/v1/links/there'],
    ['get', '/api/v1/status'],
    ['get', '/api/v1/keys'],
    ['patch', '/api/v1/links/there'],
    ['delete', '/api/v1/links/there'],
    ['post', '/api/v1/links'],
    ['post', '/api/v1/keys'],
    ['delete', '/api/v1/keys/1'],
    ['post', '/session'],
    ['post', '/session/end'],
  ] as const)('%s %s takes none', async (method, path) => {
    const { body } = await app.client[method](`${path}?x=1`)
      .set('Authorization', `Bearer ${testAdminKey}`)
      .expect(422);
    expect(pointersOf(body)).toEqual(['x']);
  });
});

describe('a header', () => {
  it.each(['', 'a b', 'ä', 'x'.repeat(256), 'a, b'])(
    'Idempotency-Key may not be %j',
    async (key) => {
      const { body } = await app.client
        .post('/api/v1/links')
        .set('Idempotency-Key', Buffer.from(key).toString('latin1'))
        .send({ destination })
        .expect(422);
      expect(pointersOf(body)).toEqual(['Idempotency-Key']);
    },
  );

  it('Idempotency-Key may just have 255 characters', async () => {
    await app.client
      .post('/api/v1/links')
      .set('Idempotency-Key', 'x'.repeat(255))
      .send({ destination })
      .expect(201);
  });

  it.each(['', 'there', '"a', 'W/', '*"a"'])('If-Match may not be %j', async (tag) => {
    const { body } = await app.client
      .delete('/api/v1/links/there')
      .set('If-Match', tag)
      .expect(400);
    expect(pointersOf(body)).toEqual(['If-Match']);
  });

  it.each(['short', 'x'.repeat(65), 'a b c d e', '../../etc', '<script>x</script>', 'ä'.repeat(8)])(
    'X-Request-Id %j is replaced by an id of ours',
    async (id) => {
      const { headers } = await app.client
        .get('/healthz')
        .set('X-Request-Id', Buffer.from(id).toString('latin1'));
      expect(headers['x-request-id']).toMatch(/^[0-9a-f]{16}$/);
    },
  );

  it('X-Request-Id is kept when it is harmless', async () => {
    const { headers } = await app.client.get('/healthz').set('X-Request-Id', 'trace-0123.ABC_x');
    expect(headers['x-request-id']).toBe('trace-0123.ABC_x');
  });

  it.each(['', '*', 'x', ';q=', ',,,', '*/*;q=0', 'a/b/c'])('Accept may be %j', async (accept) => {
    await app.client.get('/api/v1/links').set('Accept', accept).expect(200);
    await app.client.get('/api/v1/links/nowhere').set('Accept', accept).expect(404);
    await app.client.post('/?url=https://example.com/').set('Accept', accept).expect(201);
  });

  it.each([
    ['Range', 'bytes=0-1'],
    ['If-Modified-Since', 'x'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Original-URL', '/api/v1/keys'],
    ['Accept-Encoding', 'x'],
    ['Connection', 'X-Request-Id'],
  ])('%s changes nothing', async (name, value) => {
    await app.client.get('/api/v1/links/there').set(name, value).expect(200);
  });
});

describe('a path', () => {
  it.each(['%', '%zz', '%ff', '%E0%A4%A', 'a%'])(
    'may not be badly encoded: %s',
    async (segment) => {
      await app.client.get(`/api/v1/links/${segment}`).expect(400);
      await app.client.get(`/problems/${segment}`).expect(400);
    },
  );

  it.each([
    '/API/v1/links',
    '/api/v2/links',
    '/api/v1',
    '/api/v1/links/a/b',
    '/api/v1/links/a%2Fb/c',
    '//evil.example/',
    '/\\evil.example',
    '/%5Cevil.example/x',
    '/api/v1//links',
    '/.well-known/security.txt',
    '/.env',
    '/assets/../package.json',
    '/assets/%2e%2e/pages.ts',
    '/assets/%2e%2e%2fpages.ts',
    '/assets/',
    '/docs/index.html',
    '/problems/toString',
  ])('leads nowhere: %s', async (path) => {
    await app.client.get(path).expect(404);
  });

  it('knows its methods', async () => {
    const { headers, body } = await app.client.put('/api/v1/links/there').send({}).expect(405);
    expect(headers.allow).toBe('GET, HEAD, PATCH, DELETE');
    expect(body.type).toBe('http://go.example.com/problems/method-not-allowed');
    const options = await app.client.options('/api/v1/links/there').expect(204);
    expect(options.headers.allow).toBe('OPTIONS, GET, HEAD, PATCH, DELETE');
  });
});
