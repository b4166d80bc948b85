import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

const destination = 'https://example.com/a';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app[Symbol.asyncDispose]());

async function create(body: object = {}): Promise<{ slug: string; etag: string }> {
  const { headers, body: link } = await app.client
    .post('/api/v1/links')
    .send({ destination, ...body })
    .expect(201);
  return { slug: link.slug, etag: headers.etag ?? '' };
}

describe('creating a link', () => {
  it('gives defaults to what is left out', async () => {
    const { body, headers } = await app.client
      .post('/api/v1/links')
      .send({ destination })
      .expect(201);
    expect(body).toMatchObject({
      destination,
      shortUrl: `http://go.example.com/${body.slug}`,
      title: null,
      redirectCode: 302,
      forwardQuery: false,
      notBefore: null,
      expiresAt: null,
      disabled: false,
      blocked: false,
      state: 'active',
      version: 1,
    });
    expect(headers.location).toBe(`http://go.example.com/api/v1/links/${body.slug}`);
    expect(headers.etag).toMatch(/^"[^"]+"$/);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('takes every field, and shows times in UTC', async () => {
    const given = {
      destination,
      slug: 'All-Fields',
      title: 'Spring',
      redirectCode: 308,
      forwardQuery: true,
      notBefore: '2030-01-31T09:00:00+01:00',
      expiresAt: '2030-02-28T18:00:00.5Z',
      disabled: true,
    };
    const { body } = await app.client.post('/api/v1/links').send(given).expect(201);
    expect(body).toMatchObject({
      ...given,
      notBefore: '2030-01-31T08:00:00.000Z',
      expiresAt: '2030-02-28T18:00:00.500Z',
      state: 'disabled',
    });
    const { replicated: _, ...link } = body;
    await app.client.get('/api/v1/links/all-fields').expect(200, link);
  });

  it('is refused for a slug that is taken, in any case', async () => {
    await create({ slug: 'taken' });
    const { body } = await app.client
      .post('/api/v1/links')
      .send({ destination, slug: 'TAKEN' })
      .expect(409);
    expect(body.errors).toMatchObject([{ pointer: '/slug' }]);
  });

  it('names every broken rule at once', async () => {
    const { body } = await app.client
      .post('/api/v1/links')
      .send({ destination: 'javascript:alert(1)', slug: 'a b', title: 'a\u0000' })
      .expect(422);
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      '/destination',
      '/slug',
      '/title',
    ]);
  });
});

describe('an Idempotency-Key', () => {
  it('makes one link of a request that is repeated, however it is written', async () => {
    const post = (text: string) =>
      app.client
        .post('/api/v1/links')
        .set('Idempotency-Key', 'once')
        .set('Content-Type', 'application/json')
        .send(text);
    const first = await post('{"destination":"https://example.com/a","title":"x"}').expect(201);
    const second = await post('{ "title": "x", "destination": "https://example.com/a" }').expect(
      200,
    );
    expect(second.body).toEqual(first.body);
    expect(second.headers.location).toBe(first.headers.location);
    const { body } = await post('{"destination":"https://example.com/b"}').expect(422);
    expect(body).toMatchObject({
      type: 'http://go.example.com/problems/idempotency-mismatch',
      errors: [{ pointer: 'Idempotency-Key' }],
    });
  });

  it('belongs to its caller', async () => {
    const post = (key?: string) => {
      const request = app.client.post('/api/v1/links').set('Idempotency-Key', 'mine');
      if (key !== undefined) request.set('Authorization', `Bearer ${key}`);
      return request.send({ destination });
    };
    const createKey = async () => {
      const request = app.client
        .post('/api/v1/keys')
        .set('Authorization', `Bearer ${testAdminKey}`);
      return (await request.send({ name: 'x' }).expect(201)).body.key as string;
    };
    for (const key of [undefined, testAdminKey, await createKey(), await createKey()]) {
      await post(key).expect(201);
      await post(key).expect(200);
    }
  });
});

describe('reading a link', () => {
  it('is found by its slug in any case', async () => {
    const { slug } = await create({ slug: 'Find-Me' });
    const { body } = await app.client.get('/api/v1/links/FIND-me').expect(200);
    expect(body.slug).toBe(slug);
  });

  it('answers 304 to whoever has the version', async () => {
    const { slug, etag } = await create();
    const get = (header: string) =>
      app.client.get(`/api/v1/links/${slug}`).set('If-None-Match', header);
    const { headers } = await get(etag).expect(304);
    expect(headers.etag).toBe(etag);
    await get(`"other", W/${etag}`).expect(304);
    await get('*').expect(304);
    await get('"other"').expect(200);
    await get('other').expect(400);
  });

  it('has the same head for HEAD', async () => {
    const { slug, etag } = await create();
    const { headers, text } = await app.client.head(`/api/v1/links/${slug}`).expect(200);
    expect(headers.etag).toBe(etag);
    expect(text).toBeUndefined();
  });

  it.each(['nowhere', 'a.b', 'api', '%2e%2e', 'a%2Fb', '-'])('knows no link %s', async (slug) => {
    const { body } = await app.client.get(`/api/v1/links/${slug}`).expect(404);
    expect(body.type).toBe('http://go.example.com/problems/not-found');
  });

  it('says that it cannot tell when the node cannot catch up', async () => {
    app.canCatchUp = false;
    const { headers } = await app.client.get('/api/v1/links/nowhere').expect(503);
    app.canCatchUp = true;
    expect(headers['retry-after']).toBe('1');
  });
});

describe('changing a link', () => {
  it('keeps what is left out, and clears what is null', async () => {
    const { slug, etag } = await create({ title: 'x', expiresAt: '2030-01-01T00:00:00Z' });
    const patched = await app.client
      .patch(`/api/v1/links/${slug}`)
      .send({ title: null, expiresAt: null, redirectCode: 301 })
      .expect(200);
    expect(patched.body).toMatchObject({
      destination,
      title: null,
      expiresAt: null,
      redirectCode: 301,
      version: 2,
    });
    expect(patched.headers.etag).not.toBe(etag);
    const { replicated: _, ...link } = patched.body;
    await app.client.get(`/api/v1/links/${slug}`).expect(200, link);
  });

  it('takes a merge patch by its own media type', async () => {
    const { slug } = await create();
    const { body } = await app.client
      .patch(`/api/v1/links/${slug}`)
      .set('Content-Type', 'application/merge-patch+json')
      .send('{"disabled":true}')
      .expect(200);
    expect(body).toMatchObject({ disabled: true, state: 'disabled' });
  });

  it('changes nothing for an empty patch', async () => {
    const { slug, etag } = await create();
    const { headers } = await app.client.patch(`/api/v1/links/${slug}`).send({}).expect(200);
    expect(headers.etag).toBe(etag);
  });

  it.each([
    'slug',
    'id',
    'version',
    'createdAt',
    'updatedAt',
    'state',
    'shortUrl',
    'slugKey',
    'domainId',
  ])('never changes %s', async (field) => {
    const { slug } = await create();
    const { body } = await app.client
      .patch(`/api/v1/links/${slug}`)
      .send({ [field]: 'x' })
      .expect(422);
    expect(body.errors).toMatchObject([{ pointer: `/${field}` }]);
  });

  it('leaves takedowns to the admin key', async () => {
    const { slug } = await create();
    const patch = (key?: string) => {
      const request = app.client.patch(`/api/v1/links/${slug}`);
      return (key === undefined ? request : request.set('Authorization', `Bearer ${key}`)).send({
        blocked: true,
      });
    };
    const { body } = await patch().expect(403);
    expect(body.errors).toMatchObject([{ pointer: '/blocked' }]);
    const blocked = await patch(testAdminKey).expect(200);
    expect(blocked.body).toMatchObject({ blocked: true, state: 'blocked' });
    // Else its slug would be free again, and the takedown over.
    await app.client.delete(`/api/v1/links/${slug}`).expect(403);
    await app.client
      .delete(`/api/v1/links/${slug}`)
      .set('Authorization', `Bearer ${testAdminKey}`)
      .expect(204);
  });

  it('lets everybody take links down where everybody may write and there is no admin key', async () => {
    await using open = await startTestApp({ settings: { adminKeys: [] } });
    const { body: link } = await open.client
      .post('/api/v1/links')
      .send({ destination: 'https://example.com/' })
      .expect(201);
    const { body } = await open.client
      .patch(`/api/v1/links/${link.slug}`)
      .send({ blocked: true })
      .expect(200);
    expect(body).toMatchObject({ blocked: true, state: 'blocked' });
    await open.client.delete(`/api/v1/links/${link.slug}`).expect(204);
  });

  it('knows no link that is not there', async () => {
    await app.client.patch('/api/v1/links/nowhere').send({}).expect(404);
  });
});

describe('deleting a link', () => {
  it('frees its slug', async () => {
    await create({ slug: 'again' });
    const { text } = await app.client.delete('/api/v1/links/again').expect(204);
    expect(text).toBe('');
    await app.client.get('/api/v1/links/again').expect(404);
    await app.client.delete('/api/v1/links/again').expect(404);
    await create({ slug: 'again' });
  });
});

describe.each(['patch', 'delete'] as const)('If-Match with %s', (method) => {
  async function attempt(toHeader: (etag: string) => string): Promise<number> {
    const { slug, etag } = await create();
    const request = app.client[method](`/api/v1/links/${slug}`).set('If-Match', toHeader(etag));
    const { status } = method === 'patch' ? await request.send({ title: 'y' }) : await request;
    return status;
  }
  const done = method === 'patch' ? 200 : 204;

  it.each<[title: string, toHeader: (etag: string) => string, status: number]>([
    ['the version', (etag) => etag, done],
    ['a list with the version', (etag) => `"x", ${etag}`, done],
    ['any version', () => '*', done],
    ['another version', () => '"x"', 412],
    ['the version as a weak tag', (etag) => `W/${etag}`, 412],
    ['no tag', () => 'x', 400],
  ])('%s', async (_title, toHeader, status) => {
    expect(await attempt(toHeader)).toBe(status);
  });

  it('refuses the version before a change', async () => {
    const { slug, etag } = await create();
    await app.client.patch(`/api/v1/links/${slug}`).send({ title: 'y' }).expect(200);
    await app.client[method](`/api/v1/links/${slug}`).set('If-Match', etag).send({}).expect(412);
  });
});
