import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from '../support/send.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const path = '/api/v1/links/bulk';
const destination = 'https://example.com/a';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app[Symbol.asyncDispose]());

const bulk = (links: readonly unknown[], query = '') =>
  app.client.post(path + query).send({ links });
const lines = (text: string) =>
  app.client.post(path).set('Content-Type', 'application/x-ndjson').send(text);

/** Every link there is, by slug. */
async function slugs(): Promise<string[]> {
  const { body } = await app.client.get('/api/v1/links?limit=200').expect(200);
  return body.links.map(({ slug }: { slug: string }) => slug);
}

describe('making many links', () => {
  it('tells of each row in its order, makes what can be made and says why the rest cannot', async () => {
    const { body, headers } = await bulk([
      { destination, slug: 'One', title: 'first', redirectCode: 301 },
      { destination: 'ftp://example.com', slug: 'two' },
      { destination, slug: 'one' },
      { destination, colour: 'red' },
      { destination },
      'a link',
      { destination, expiresAt: '2030-01-31T09:00:00+01:00', slug: 'last' },
    ]).expect(200);
    expect(body).toMatchObject({ created: 3, failed: 4, replicated: false });
    expect(headers.durability).toBe('local');
    expect(headers['hoplite-bookmark']).toMatch(/^1/);
    expect(body.results.map(({ index }: { index: number }) => index)).toEqual([
      0, 1, 2, 3, 4, 5, 6,
    ]);
    const [first, scheme, taken, field, generated, text, last] = body.results;
    expect(first).toMatchObject({
      status: 'created',
      link: { slug: 'One', title: 'first', redirectCode: 301, version: 1, clicks: { total: 0 } },
    });
    expect(scheme.problem).toMatchObject({ status: 422, errors: [{ pointer: '/destination' }] });
    expect(taken.problem).toMatchObject({
      type: 'http://go.example.com/problems/conflict',
      status: 409,
      errors: [{ pointer: '/slug', detail: 'The slug "one" is taken.' }],
    });
    expect(field.problem.errors).toEqual([
      { pointer: '/colour', detail: 'There is no such field.' },
    ]);
    expect(generated.link.slug).toMatch(/^[2-9a-z]{6}$/);
    expect(text.problem).toMatchObject({ status: 422, errors: [{ pointer: '' }] });
    expect(last.link.expiresAt).toBe('2030-01-31T08:00:00.000Z');
    const shown = await app.client.get('/api/v1/links/one').expect(200);
    expect(shown.body).toEqual(first.link);
  });

  it('takes one link a line, with any line ends and none at the end', async () => {
    const row = (slug: string) => JSON.stringify({ destination, slug });
    const text = `${row('line-1')}\r\n\n${row('line-2')}\n{"destination":\n${row('line-4')}`;
    const { body } = await lines(text).expect(200);
    expect(body).toMatchObject({ created: 3, failed: 1 });
    expect(body.results[2]).toMatchObject({
      index: 2,
      problem: { type: 'http://go.example.com/problems/malformed' },
    });
    expect(await slugs()).toEqual(expect.arrayContaining(['line-1', 'line-2', 'line-4']));
  });

  it('makes all or none when asked to', async () => {
    const before = await slugs();
    const failing = [
      { destination, slug: 'none' },
      { destination, slug: 'NONE' },
      { destination: 1 },
    ];
    const bad = await bulk(failing, '?atomic=true').expect(422);
    expect(bad.body.errors).toMatchObject([{ pointer: '/links/2/destination' }]);
    const taken = await bulk(failing.slice(0, 2), '?atomic=true').expect(409);
    expect(taken.body.errors).toEqual([
      { pointer: '/links/1/slug', detail: 'The slug "NONE" is taken.' },
    ]);
    expect(taken.body.detail).toContain('number 1: The slug "NONE" is taken.');
    expect(await slugs()).toEqual(before);
    const { body } = await bulk(failing.slice(0, 1), '?atomic=true').expect(200);
    expect(body).toMatchObject({ created: 1, failed: 0 });
    await bulk(failing, '?atomic=yes').expect(422);
  });

  it('makes ten thousand, and the last of them redirects', async () => {
    const links = Array.from({ length: 10_000 }, (_, n) => ({ destination, slug: `many-${n}` }));
    const { body } = await bulk(links).expect(200);
    expect(body).toMatchObject({ created: 10_000, failed: 0 });
    expect(body.results).toHaveLength(10_000);
    expect(body.results[9_999]).toMatchObject({ index: 9_999, link: { slug: 'many-9999' } });
    expect(new Set(body.results.map(({ link }: { link: { id: string } }) => link.id)).size).toBe(
      10_000,
    );
    await app.client.get('/api/v1/links/many-9999').expect(200);
  });

  it('leaves a link whose slug is bulk to its own operations', async () => {
    await bulk([{ destination, slug: 'bulk' }]).expect(200);
    // The document has the literal path alone, so these go past the client that knows it.
    const ask = (method: string, body?: object) =>
      send(`http://127.0.0.1:${app.port}${path}`, { method, ...(body && { body }) });
    expect(JSON.parse((await ask('GET')).text)).toMatchObject({ slug: 'bulk' });
    expect((await ask('PATCH', { title: 'not in bulk' })).status).toBe(200);
    expect((await ask('DELETE')).status).toBe(204);
    expect((await ask('GET')).status).toBe(404);
    const { headers } = await app.client.put(path).expect(405);
    expect(headers.allow).toBe('POST, GET, HEAD, PATCH, DELETE');
  });
});

describe('a body that cannot be', () => {
  const json = (text: string) =>
    app.client.post(path).set('Content-Type', 'application/json').send(text);

  it.each([
    ['', 400, ''],
    ['{', 400, ''],
    ['[]', 422, '/links'],
    ['{}', 422, '/links'],
    ['{"links":{}}', 422, '/links'],
    ['{"links":[]}', 422, '/links'],
    ['{"links":[],"more":1}', 422, '/links'],
    ['{"link":[{}]}', 422, '/links'],
    ['{links:[]}', 400, ''],
    ['{"links" [{}]}', 400, ''],
    ['{"links":[{}}', 400, '/links/0'],
    ['{"links":[{}]', 400, ''],
    ['{"links":[{}]}x', 400, ''],
    ['{"links":[{},]}', 400, '/links/1'],
    ['{"links":[,{}]}', 400, '/links/0'],
    ['{"links":[{} {}]}', 400, '/links/0'],
    ['{"links":[{"destination":"a","destination":"b"}]}', 400, '/links/0/destination'],
    ['\uFEFF{"links":[]}', 422, '/links'],
  ])('%j is %d', async (text, status, pointer) => {
    const { body } = await json(text).expect(status);
    expect(body.errors).toMatchObject([{ pointer }]);
  });

  it.each([
    '{"links":[{"destination":"https://example.com/,]}\\"[{","slug":"tricky"}]}',
    ' {\n"l\\u0069nks" : [ {"destination":"https://example.com/","slug":"tricky","title":"a\\\\"} ] } ',
  ])('%s is one that can', async (text) => {
    const { body } = await json(text).expect(200);
    expect(body.created, JSON.stringify(body)).toBe(1);
    await app.client.delete('/api/v1/links/tricky').expect(204);
  });

  it('has no links, in lines', async () => {
    await lines('\n \n').expect(422);
  });

  it('is too large by its rows, a row or its bytes, and nothing is written', async () => {
    const before = await slugs();
    const row = JSON.stringify({ destination });
    const tooMany = await lines(`${row}\n`.repeat(10_001)).expect(413);
    expect(tooMany.body.detail).toBe('A request makes at most 10000 links.');
    const long = await bulk([{ destination, title: 'a'.repeat(70_000) }]).expect(413);
    expect(long.body.detail).toBe('A link is longer than 64 KiB.');
    const { body } = await lines(' '.repeat(8 * 2 ** 20 + 1)).expect(413);
    expect(body.detail).toBe('The body is longer than 8 MiB.');
    expect(await slugs()).toEqual(before);
  });

  it('is of another type, another charset or compressed', async () => {
    await app.client.post(path).set('Content-Type', 'text/csv').send('a').expect(415);
    await app.client
      .post(path)
      .set('Content-Type', 'application/x-ndjson; charset=latin1')
      .send('a')
      .expect(415);
    await lines('a').set('Content-Encoding', 'gzip').expect(415);
  });

  it('is not UTF-8', async () => {
    const answer = await fetch(`http://127.0.0.1:${app.port}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.from('{"links":["\xff"]}', 'latin1'),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: '/links/0' }] });
  });
});

describe('an Idempotency-Key of many links', () => {
  const rows = [
    { destination, slug: 'again-1' },
    { destination, slug: 'again-1' },
    { destination: 'no url' },
    { destination, nope: 1 },
    { destination, slug: 'again-2' },
  ];

  it('gives the same rows as they are now, and makes nothing again', async () => {
    const ask = () => bulk(rows).set('Idempotency-Key', 'b1');
    const { body: first } = await ask().expect(200);
    expect(first).toMatchObject({ created: 2, failed: 3 });
    expect((await ask().expect(200)).body).toEqual(first);
    await app.client.patch('/api/v1/links/again-1').send({ title: 'changed' }).expect(200);
    app.clicks.count({ linkId: Number(first.results[0].link.id), hour: 1, clicks: 3 });
    await app.client.delete('/api/v1/links/again-2').expect(204);
    const { body: second } = await ask().expect(200);
    expect(second).toMatchObject({ created: 1, failed: 4 });
    expect(second.results.slice(1, 4)).toEqual(first.results.slice(1, 4));
    expect(second.results[0].link).toMatchObject({ title: 'changed', version: 2 });
    expect(second.results[0].link.clicks).not.toEqual(first.results[0].link.clicks);
    expect(second.results[4].problem).toMatchObject({
      status: 409,
      errors: [{ pointer: 'Idempotency-Key' }],
    });
  });

  it('belongs to its bytes, its atomic and its operation', async () => {
    const ask = (links: readonly unknown[], query = '') =>
      bulk(links, query).set('Idempotency-Key', 'b2');
    await ask([{ destination }]).expect(200);
    await ask([{ destination }, { destination }]).expect(422);
    await ask([{ destination }], '?atomic=true').expect(422);
    const single = await app.client
      .post('/api/v1/links')
      .set('Idempotency-Key', 'b2')
      .send({ destination })
      .expect(422);
    expect(single.body.type).toBe('http://go.example.com/problems/idempotency-mismatch');
    const key = createHash('sha256').update('b3').digest('hex');
    await app.client
      .post('/api/v1/links')
      .set('Idempotency-Key', key)
      .send({ destination })
      .expect(201);
    await bulk([{ destination }]).set('Idempotency-Key', key).expect(422);
  });

  it('is free again after a request of which nothing was made', async () => {
    const ask = (links: readonly unknown[]) =>
      bulk(links, '?atomic=true').set('Idempotency-Key', 'b4');
    await ask([{ destination, slug: 'again-1' }]).expect(409);
    await ask([{ destination }]).expect(200);
  });
});

describe('the limit of writes', () => {
  it('counts each link', async () => {
    await using limited = await startTestApp({ settings: { writesPerMinute: 10 } });
    const ask = (count: number) =>
      limited.client.post(path).send({ links: Array(count).fill({ destination }) });
    const { body, headers } = await ask(11).expect(429);
    expect(body.detail).toContain('more than 10 writes');
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    await ask(8).expect(200);
    await ask(2).expect(429);
  });
});

describe('on a node that is not primary', () => {
  it('goes to the primary before it is read', async () => {
    await using replica = await startTestApp({ role: { is: 'replica', primary: 'p' } });
    const answer = await send(`http://127.0.0.1:${replica.port}${path}`, {
      method: 'POST',
      body: { links: [{ destination }] },
    });
    expect(answer.status).toBe(418);
    expect(replica.passed).toMatchObject([{ url: path, body: undefined }]);
  });

  it('goes to the primary with its body when the role goes while it is read', async () => {
    let asked = 0;
    await using losing = await startTestApp({
      parts: ({ writers }) => ({
        writers: {
          writer() {
            asked += 1;
            losing.cluster.become({ is: 'replica', primary: 'p' });
            return writers.writer();
          },
        },
      }),
    });
    const links = [
      { destination, title: 'a'.repeat(50_000) },
      { destination, title: 'b'.repeat(50_000) },
    ];
    const answer = await send(`http://127.0.0.1:${losing.port}${path}`, {
      method: 'POST',
      body: { links },
    });
    expect(answer.status).toBe(418);
    expect(asked).toBe(1);
    expect(losing.passed).toMatchObject([{ url: path, body: JSON.stringify({ links }) }]);
  });
});
