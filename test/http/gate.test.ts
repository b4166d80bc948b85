import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import { NotPrimary } from '../../src/domain/not-primary.ts';
import { listenArriving } from '../support/arriving.ts';
import { eventually } from '../support/eventually.ts';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

const replica = { is: 'replica', primary: 'p' } as const;

/** Every write of the public port. */
const writes = [
  { method: 'POST', path: '/api/v1/links' },
  { method: 'POST', path: '/api/v1/links/bulk' },
  { method: 'POST', path: '/api/v1/import' },
  { method: 'PATCH', path: '/api/v1/links/x' },
  { method: 'DELETE', path: '/api/v1/links/x' },
  { method: 'POST', path: '/api/v1/keys' },
  { method: 'DELETE', path: '/api/v1/keys/1' },
  { method: 'POST', path: '/' },
  { method: 'POST', path: '/session' },
];

function send(app: TestApp, path: string, init: RequestInit): Promise<Response> {
  return fetch(`http://127.0.0.1:${app.port}${path}`, init);
}

describe('the write gate of a replica', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ role: replica, settings: { access: 'keys' } });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it.each(writes)('sends $method $path to the primary, unread and unjudged', async (write) => {
    app.passed.length = 0;
    const { status } = await send(app, `${write.path}?a=1`, {
      method: write.method,
      headers: { 'Content-Type': 'text/xml', Authorization: 'Bearer nonsense' },
      ...(write.method === 'DELETE' ? {} : { body: 'not even JSON' }),
    });
    expect(status).toBe(418);
    expect(app.passed).toEqual([
      {
        method: write.method,
        url: `${write.path}?a=1`,
        caller: 'client',
        arrivedAt: 'public',
        clientAddress: '127.0.0.1',
        body: undefined,
      },
    ]);
  });

  it('stands before every operation of the document that is no read, but signing out', async () => {
    const { body } = await app.client.get('/openapi.json');
    const all = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'get')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    const known = writes.map(
      ({ method, path }) => `${method} ${path.replace(/\/x$/, '/{slug}').replace(/\/1$/, '/{id}')}`,
    );
    expect(all.sort()).toEqual([...known, 'POST /session/end'].sort());
  });

  it('passes a body of any length on', async () => {
    app.passed.length = 0;
    const { status } = await send(app, '/api/v1/links', {
      method: 'POST',
      body: 'x'.repeat(1_000_001),
    });
    expect(status).toBe(418);
    expect(app.passed).toHaveLength(1);
  });

  it('lets reads through', async () => {
    app.passed.length = 0;
    await app.client
      .get('/api/v1/links')
      .set('Authorization', `Bearer ${testAdminKey}`)
      .expect(200);
    await app.client.put('/api/v1/links').expect(405);
    await app.client.post('/api/v1/nowhere').expect(404);
    expect(app.passed).toEqual([]);
  });
});

describe.each([{ is: 'detached' }, { is: 'joining' }] as const)('a node that is $is', (role) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ role });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it.each(writes)('refuses $method $path for the moment', async ({ method, path }) => {
    const verb = method.toLowerCase() as 'post' | 'patch' | 'delete';
    const { headers, body } = await app.client[verb](path).expect(503);
    expect(Number(headers['retry-after'])).toBeOneOf([1, 2, 3, 4]);
    expect(body.type).toBe('http://go.example.com/problems/unavailable');
    expect(app.passed).toEqual([]);
  });
});

describe('a primary that is still opening', () => {
  it('refuses writes that it cannot hold long enough, before it reads them', async () => {
    await using app = await startTestApp();
    app.isOpening = true;
    const { headers } = await app.client.post('/api/v1/links').send('not JSON').expect(503);
    expect(Number(headers['retry-after'])).toBeOneOf([1, 2, 3, 4]);
    app.isOpening = false;
    await app.client.post('/?url=https://example.com/').expect(201);
  });
});

describe('while the lease moves', () => {
  it('a write waits at the gate, unread, until this primary takes writes', async () => {
    await using app = await startTestApp({ holdMs: 60_000 });
    app.isOpening = true;
    const answer = app.client.post('/?url=https://example.com/').then(({ status }) => status);
    await eventually(() => expect(app.hold.held).toBe(1));
    app.isOpening = false;
    expect(await answer).toBe(201);
    expect(app.hold.readCounts()).toEqual({ released: 1, expired: 0, refused: 0 });
  });

  it('a write waits on a node that has just lost its primary, and goes to the next one', async () => {
    await using app = await startTestApp({ role: replica, holdMs: 60_000 });
    app.cluster.become({ is: 'detached' });
    const answer = send(app, '/api/v1/links', { method: 'POST', body: 'not even JSON' });
    await eventually(() => expect(app.hold.held).toBe(1));
    app.cluster.become({ is: 'replica', primary: 'another' });
    expect((await answer).status).toBe(418);
    expect(app.passed).toMatchObject([{ body: undefined }]);
  });

  it('a write that passed the gate before goes to the next primary too, with its body', async () => {
    await using app = await startTestApp({ holdMs: 60_000 });
    const text = '{ "destination": "https://example.com/ä" }';
    moveLeaseBehindGate(app);
    const answer = send(app, '/api/v1/links', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: text,
    });
    await eventually(() => expect(app.hold.held).toBe(1));
    app.cluster.become({ is: 'detached' });
    app.cluster.become(replica);
    expect((await answer).status).toBe(418);
    expect(app.passed).toMatchObject([{ method: 'POST', body: text }]);
  });

  it('a write that passed the gate before is made here when the lease stays after all', async () => {
    await using app = await startTestApp({ holdMs: 60_000 });
    moveLeaseBehindGate(app);
    const answer = app.client.post('/?url=https://example.com/').then(({ status }) => status);
    await eventually(() => expect(app.hold.held).toBe(1));
    app.isOpening = false;
    expect(await answer).toBe(201);
  });
});

/** As soon as a request has passed the gate, this primary takes no more writes. */
function moveLeaseBehindGate(app: TestApp): void {
  const findWay = app.hold.findWay.bind(app.hold);
  app.hold.findWay = () => {
    app.hold.findWay = findWay;
    app.isOpening = true;
    return Promise.resolve('here');
  };
}

describe('the safety net', () => {
  it('sends a write that was planted in a read to the primary, once', async () => {
    await using app = await startTestApp({
      role: replica,
      parts: ({ links, writers }) => ({
        links: {
          ...links,
          async listLinks(query) {
            await writers.writer().run('revokeKey', 1);
            return links.listLinks(query);
          },
        },
      }),
    });
    const { status } = await send(app, '/api/v1/links?limit=1', {});
    expect(status).toBe(418);
    expect(app.passed).toEqual([
      {
        method: 'GET',
        url: '/api/v1/links?limit=1',
        arrivedAt: 'public',
        caller: 'client',
        clientAddress: '127.0.0.1',
        body: undefined,
      },
    ]);
  });

  it('sends on what it has read when the role goes away under a write', async () => {
    await using app = await startTestApp({
      parts: ({ cluster }) => ({
        writers: {
          writer: () => ({
            async run() {
              Object.assign(cluster, { role: () => replica });
              throw new NotPrimary();
            },
          }),
        },
      }),
    });
    const text = '{ "destination": "https://example.com/ä" }';
    const { status } = await send(app, '/api/v1/links', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: text,
    });
    expect(status).toBe(418);
    expect(app.passed).toMatchObject([{ method: 'POST', body: text }]);
  });

  it('leaves it to the route whether what a node has sent here goes further', async () => {
    await using app = await startTestApp({ role: replica });
    await using server = await listenArriving(app.app, {
      via: 'node',
      caller: 'client',
      clientAddress: '192.0.2.1',
    });
    const response = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST' });
    expect(response.status).toBe(418);
    expect(app.passed).toMatchObject([
      { arrivedAt: 'forward', caller: 'client', clientAddress: '192.0.2.1' },
    ]);
  });

  it('tries the way to the primary once', async () => {
    let tries = 0;
    await using app = await startTestApp({
      role: replica,
      parts: () => ({
        primaryRoute: {
          async pass() {
            tries += 1;
            throw new NotPrimary();
          },
        },
      }),
    });
    await app.client.post('/?url=https://example.com/').expect(503);
    expect(tries).toBe(1);
  });

  it('says what the route to the primary says when there is no way', async () => {
    await using app = await startTestApp({
      role: replica,
      parts: () => ({
        primaryRoute: {
          async pass() {
            throw new Failure('unavailable', 'No way.', { retryAfterS: 7 });
          },
        },
      }),
    });
    const { body, headers } = await app.client.post('/?url=https://example.com/').expect(503);
    expect(body.detail).toBe('No way.');
    expect(headers['retry-after']).toBe('7');
  });
});
