import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

const path = '/api/v1/import';
const destination = 'https://example.com/a';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app[Symbol.asyncDispose]());

const post = (rows: readonly unknown[] | string, query = '') =>
  app.client
    .post(path + query)
    .set('Content-Type', 'application/x-ndjson')
    .send(typeof rows === 'string' ? rows : rows.map((row) => JSON.stringify(row)).join('\n'));

describe('importing links', () => {
  it('tells what became of the rows, and of the write', async () => {
    const rows = [
      { destination, slug: 'One', createdAt: '2020-01-01T00:00:00Z', id: '7', clicks: null },
      { destination: 'https://example.com/b', slug: 'one' },
      { destination, slug: 'ONE' },
      'no link',
    ];
    const { body, headers } = await post(rows).expect(200);
    expect(body).toMatchObject({
      created: 1,
      unchanged: 1,
      failed: 2,
      slugCase: 'insensitive',
      failures: [
        { index: 1, problem: { status: 409, errors: [{ pointer: '/slug' }] } },
        { index: 3, problem: { status: 422, errors: [{ pointer: '' }] } },
      ],
    });
    expect(headers.durability).toBe('local');
    expect(headers['hoplite-bookmark']).toMatch(/^1/);
    const { body: link } = await app.client.get('/api/v1/links/one').expect(200);
    expect(link).toMatchObject({ slug: 'One', createdAt: '2020-01-01T00:00:00.000Z' });
    expect((await post(rows, '?onConflict=replace').expect(200)).body).toMatchObject({
      replaced: 2,
      failed: 1,
    });
  });

  it('takes an export of itself as it is', async () => {
    await post([{ destination, slug: 'own', title: 'Größe', disabled: true, blocked: false }]);
    const { body } = await app.client
      .get('/api/v1/export?clicks=true')
      .buffer(true)
      .parse((response, done) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          Object.assign(response, { text });
          done(null, text);
        });
      });
    const count = String(body).trimEnd().split('\n').length;
    expect((await post(String(body)).expect(200)).body).toMatchObject({
      created: 0,
      unchanged: count,
      failed: 0,
    });
  });

  it('changes nothing as a dry run, and all or nothing when asked to', async () => {
    const rows = [{ destination, slug: 'dry' }, { slug: 'bad' }];
    expect((await post(rows, '?dryRun=true').expect(200)).body).toMatchObject({
      created: 1,
      failed: 1,
    });
    const { body } = await post(rows, '?atomic=true').expect(422);
    expect(body.errors).toMatchObject([{ pointer: '/links/1/destination' }]);
    await app.client.get('/api/v1/links/dry').expect(404);
  });

  it('imports again what has no slug only without a key', async () => {
    const rows = [{ destination: 'https://example.com/key' }];
    const count = async () =>
      (await app.client.get('/api/v1/links?search=/key').expect(200)).body.links.length;
    for (let time = 0; time < 2; time += 1) {
      expect((await post(rows).set('Idempotency-Key', 'k').expect(200)).body.created).toBe(1);
    }
    expect(await count()).toBe(1);
    await post(rows, '?onConflict=skip').set('Idempotency-Key', 'k').expect(422);
    await post([...rows, ...rows])
      .set('Idempotency-Key', 'k')
      .expect(422);
  });

  it('counts each row as a write, and lets nobody take links down by it', async () => {
    await using strict = await startTestApp({ settings: { access: 'keys', writesPerMinute: 3 } });
    const send = (rows: number, authorization = `Bearer ${testAdminKey}`) =>
      strict.client
        .post(path)
        .set('Content-Type', 'application/x-ndjson')
        .set('Authorization', authorization)
        .send(`${JSON.stringify({ destination, blocked: true })}\n`.repeat(rows).trimEnd());
    await send(4).expect(429);
    const { body: made } = await strict.client
      .post('/api/v1/keys')
      .set('Authorization', `Bearer ${testAdminKey}`)
      .send({ name: 'x' })
      .expect(201);
    expect((await send(1, `Bearer ${made.key}`).expect(200)).body).toMatchObject({
      failed: 1,
      failures: [{ problem: { status: 403, errors: [{ pointer: '/blocked' }] } }],
    });
  });

  it.each([
    ['', 'application/x-ndjson', 422],
    ['{}', 'application/json', 415],
    ['{}\n'.repeat(10_001), 'application/x-ndjson', 413],
    ['x'.repeat(8 * 2 ** 20 + 1), 'application/x-ndjson', 413],
  ])('refuses %.10s as %s with %d', async (text, type, status) => {
    await app.client.post(path).set('Content-Type', type).send(text).expect(status);
  });

  it('imports ten thousand at once', async () => {
    const rows = Array.from({ length: 10_000 }, (_, n) => {
      const slug = createHash('sha256').update(String(n)).digest('hex').slice(0, 12);
      return JSON.stringify({ destination, slug });
    });
    expect((await post(`${rows.join('\n')}\n`).expect(200)).body).toMatchObject({
      created: 10_000,
      failed: 0,
    });
  });
});
