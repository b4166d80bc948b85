import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

/** Creates a key and gives it whole, with its id. */
async function createKey(app: TestApp, name = 'newsletter'): Promise<{ id: string; key: string }> {
  const { body } = await app.client
    .post('/api/v1/keys')
    .set('Authorization', `Bearer ${testAdminKey}`)
    .send({ name })
    .expect(201);
  return body;
}

const link = { destination: 'https://example.com/' };

interface Asked {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  readonly path: string;
  readonly body?: object;
}

/** Every operation that asks for somebody, with the least that it takes. */
const asUser: readonly Asked[] = [
  { method: 'get', path: '/api/v1/links' },
  { method: 'post', path: '/api/v1/links', body: link },
  { method: 'post', path: '/api/v1/links/bulk', body: [link] },
  { method: 'post', path: '/api/v1/import', body: link },
  { method: 'get', path: '/api/v1/links/nowhere' },
  { method: 'patch', path: '/api/v1/links/nowhere', body: {} },
  { method: 'delete', path: '/api/v1/links/nowhere' },
  { method: 'get', path: '/api/v1/links/nowhere/clicks' },
  { method: 'get', path: '/api/v1/clicks' },
  { method: 'get', path: '/api/v1/export' },
  { method: 'get', path: '/api/v1/positions/none' },
  { method: 'get', path: '/api/v1/status' },
  { method: 'get', path: '/status' },
  { method: 'get', path: '/' },
  { method: 'post', path: '/?url=https://example.com/' },
];
const asAdministrator: readonly Asked[] = [
  { method: 'get', path: '/api/v1/keys' },
  { method: 'post', path: '/api/v1/keys', body: { name: 'x' } },
  { method: 'delete', path: '/api/v1/keys/999' },
];
const readLinks: Asked = { method: 'get', path: '/api/v1/links' };

describe('where keys are required', () => {
  let app: TestApp;
  let key: string;
  beforeAll(async () => {
    app = await startTestApp({ settings: { access: 'keys' } });
    ({ key } = await createKey(app));
  });
  afterAll(() => app[Symbol.asyncDispose]());

  async function statusOf(
    { method, path, body }: Asked,
    authorization: string | undefined,
  ): Promise<number> {
    const request = app.client[method](path);
    if (authorization !== undefined) request.set('Authorization', authorization);
    const { status, headers } = await (body === undefined ? request : request.send(body));
    expect('www-authenticate' in headers).toBe(status === 401);
    return status;
  }

  it.each(asUser)('$method $path is for keys', async (operation) => {
    expect(await statusOf(operation, undefined)).toBe(401);
    expect(await statusOf(operation, `Bearer ${key}`)).not.toBeOneOf([401, 403]);
    expect(await statusOf(operation, `bearer ${testAdminKey}`)).not.toBeOneOf([401, 403]);
  });

  it.each(asAdministrator)('$method $path is for the admin key', async (operation) => {
    expect(await statusOf(operation, undefined)).toBe(401);
    expect(await statusOf(operation, `Bearer ${key}`)).toBe(403);
    expect(await statusOf(operation, `Bearer ${testAdminKey}`)).not.toBeOneOf([401, 403]);
  });

  it('these are all operations that ask for somebody', async () => {
    const { body } = await app.client.get('/openapi.json').expect(200);
    const secured = Object.entries<Record<string, { security?: unknown }>>(body.paths).flatMap(
      ([path, methods]) =>
        Object.entries(methods)
          .filter(([, { security }]) => security !== undefined)
          .map(([method]) => `${method} ${path}`),
    );
    const places = { nowhere: '{slug}', none: '{bookmark}', 999: '{id}' };
    const tested = [...asUser, ...asAdministrator].map(({ method, path }) => {
      const segments = path.replace(/\?.*/, '').split('/');
      return `${method} ${segments.map((segment) => places[segment as keyof typeof places] ?? segment).join('/')}`;
    });
    expect(secured.sort()).toEqual(tested.sort());
  });

  it.each([
    ['', 'empty'],
    ['Bearer', 'no key'],
    ['Bearer ', 'no key'],
    ['Basic dXNlcjpwYXNz', 'another scheme'],
    ['Bearer nonsense', 'no form of a key'],
    [`Bearer hop_0000000000_${'0'.repeat(32)}`, 'an unknown prefix'],
    [`Bearer ${testAdminKey}x`, 'one sign too many'],
    [`Bearer ${testAdminKey.slice(1)}`, 'one sign too few'],
    [`Bearer ${testAdminKey} ${testAdminKey}`, 'two keys'],
    [testAdminKey, 'no scheme'],
  ])('refuses the Authorization %j: %s', async (authorization) => {
    const { body } = await app.client
      .get('/api/v1/links')
      .set('Authorization', authorization)
      .expect(401);
    expect(body.errors).toMatchObject([{ pointer: 'Authorization' }]);
  });

  it('refuses a key whose secret differs in one sign', async () => {
    const other = key.endsWith('A') ? 'B' : 'A';
    expect(await statusOf(readLinks, `Bearer ${key.slice(0, -1)}${other}`)).toBe(401);
  });

  it('refuses a revoked key', async () => {
    const { id, key: revoked } = await createKey(app);
    expect(await statusOf(readLinks, `Bearer ${revoked}`)).toBe(200);
    await app.client
      .delete(`/api/v1/keys/${id}`)
      .set('Authorization', `Bearer ${testAdminKey}`)
      .expect(204);
    expect(await statusOf(readLinks, `Bearer ${revoked}`)).toBe(401);
  });

  it('cannot tell of an unknown key while the node cannot catch up', async () => {
    app.canCatchUp = false;
    expect(await statusOf(readLinks, `Bearer hop_0000000000_${'0'.repeat(32)}`)).toBe(503);
    expect(await statusOf(readLinks, `Bearer ${key}`)).toBe(200);
    app.canCatchUp = true;
  });

  it('takes each of several admin keys, and no longer one that was taken away', async () => {
    const next = 'the-next-admin-key-0123456789';
    const statusWith = async (adminKeys: readonly string[], given: string) => {
      await using each = await startTestApp({ settings: { access: 'keys', adminKeys } });
      const response = await each.client
        .get('/api/v1/keys')
        .set('Authorization', `Bearer ${given}`);
      return response.status;
    };
    expect(await statusWith([testAdminKey, next], testAdminKey)).toBe(200);
    expect(await statusWith([testAdminKey, next], next)).toBe(200);
    expect(await statusWith([next], testAdminKey)).toBe(401);
    expect(await statusWith([testAdminKey, next], `${testAdminKey},${next}`)).toBe(401);
  });

  it('has no admin without ADMIN_KEY', async () => {
    await using without = await startTestApp({
      settings: { access: 'keys', adminKeys: [] },
    });
    for (const guess of ['', 'undefined', testAdminKey]) {
      await without.client.get('/api/v1/keys').set('Authorization', `Bearer ${guess}`).expect(401);
    }
  });

  it.each(['/healthz', '/readyz', '/robots.txt', '/favicon.ico', '/openapi.json', '/docs'])(
    '%s needs none',
    async (path) => {
      const { status } = await app.client.get(path).set('Authorization', 'Bearer nonsense');
      expect(status).toBeLessThan(300);
    },
  );
});

describe('in open mode', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it.each(asUser)('$method $path is for everybody', async ({ method, path, body }) => {
    const request = app.client[method](path);
    const { status } = await (body === undefined ? request : request.send(body));
    expect(status).not.toBeOneOf([401, 403]);
  });

  it.each(asAdministrator)(
    '$method $path still takes the admin key',
    async ({ method, path, body }) => {
      await app.client[method](path).send(body).expect(401);
    },
  );

  it('refuses a wrong key: whoever sends one means it', async () => {
    await app.client.get('/api/v1/links').set('Authorization', 'Bearer nonsense').expect(401);
  });
});

describe('keys', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ settings: { access: 'keys' } });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('are shown whole once and never again', async () => {
    const { id, key } = await createKey(app, ' phone ');
    expect(key).toMatch(/^hop_[0-9A-Za-z]{10}_[0-9A-Za-z]{32}$/);
    const { body, text } = await app.client
      .get('/api/v1/keys')
      .set('Authorization', `Bearer ${testAdminKey}`)
      .expect(200);
    expect(body.keys).toContainEqual({
      id,
      name: 'phone',
      prefix: key.split('_')[1],
      createdAt: expect.any(String),
      revokedAt: null,
    });
    expect(text).not.toContain(key.split('_')[2]);
    expect(text).not.toMatch(/[0-9a-f]{64}/);
  });

  it('can be revoked twice, and stay in the list', async () => {
    const { id } = await createKey(app);
    const asAdmin = (method: 'get' | 'delete', path: string) =>
      app.client[method](path).set('Authorization', `Bearer ${testAdminKey}`);
    await asAdmin('delete', `/api/v1/keys/${id}`).expect(204);
    await asAdmin('delete', `/api/v1/keys/${id}`).expect(204);
    const { body } = await asAdmin('get', '/api/v1/keys').expect(200);
    expect(body.keys.find((key: { id: string }) => key.id === id).revokedAt).not.toBeNull();
  });

  it.each(['999', '0', '-1', '1.5', '1e3', 'x', '9007199254740993', '%00', '1%20'])(
    'have no id %s',
    async (id) => {
      await app.client
        .delete(`/api/v1/keys/${id}`)
        .set('Authorization', `Bearer ${testAdminKey}`)
        .expect(404);
    },
  );
});
