import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

type Headers = Readonly<Record<string, string>>;

const own = 'https://go.example.com';

/** Requests that a page somewhere could have a browser send, each with what the browser says of it. */
const fromElsewhere: readonly (readonly [title: string, headers: Headers])[] = [
  ['another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
  ['another site, an older browser', { Origin: 'https://evil.example' }],
  ['another site, without an origin', { 'Sec-Fetch-Site': 'cross-site' }],
  ['a sibling of our host', { Origin: 'https://evil.example.com', 'Sec-Fetch-Site': 'same-site' }],
  ['our host over http', { Origin: 'http://go.example.com', 'Sec-Fetch-Site': 'cross-site' }],
  ['our host on another port', { Origin: 'https://go.example.com:8443' }],
  ['a sandboxed frame', { Origin: 'null' }],
  ['a host that begins like ours', { Origin: 'https://go.example.com.evil.example' }],
  ['a loopback page of another program', { Origin: 'http://127.0.0.1:1' }],
  [
    'an origin of ours that the browser calls foreign',
    { Origin: own, 'Sec-Fetch-Site': 'same-site' },
  ],
  ['a value no browser sends', { 'Sec-Fetch-Site': 'SAME-ORIGIN' }],
];

const fromHere: readonly (readonly [title: string, headers: Headers])[] = [
  ['our own page', { Origin: own, 'Sec-Fetch-Site': 'same-origin' }],
  ['our own page, an older browser', { Origin: own }],
  ['somebody at the keyboard', { 'Sec-Fetch-Site': 'none' }],
  ['a tool', {}],
];

describe('in open mode', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      settings: { baseUrl: own, corsOrigins: ['https://friend.example'] },
    });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const writes = [
    ['post', '/api/v1/links'],
    ['patch', '/api/v1/links/x'],
    ['delete', '/api/v1/links/x'],
    ['post', '/'],
    ['post', '/session'],
    ['post', '/session/end'],
  ] as const;

  describe.each(writes)('%s %s', (method, path) => {
    it.each(fromElsewhere)('is refused from %s', async (_title, headers) => {
      const { body } = await app.client[method](path).set(headers).expect(403);
      expect(body).toMatchObject({
        type: `${own}/problems/forbidden`,
        errors: [{ pointer: 'Origin' }],
      });
    });

    it.each(fromHere)('is taken from %s', async (_title, headers) => {
      const { status } = await app.client[method](path).set(headers);
      expect(status).not.toBe(403);
    });
  });

  it('takes a page on loopback by the name it was opened with', async () => {
    const { status } = await app.client
      .post('/?url=https://example.com/')
      .set('Origin', `http://127.0.0.1:${app.port}`)
      .set('Sec-Fetch-Site', 'same-origin');
    expect(status).toBe(201);
  });

  it('takes text/plain that pretends to be JSON from nobody', async () => {
    await app.client
      .post('/api/v1/links')
      .set('Content-Type', 'text/plain')
      .send('{"destination":"https://example.com/"}')
      .expect(415);
  });

  it('reads are for any page that a browser lets see them', async () => {
    await app.client
      .get('/api/v1/links')
      .set({ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' })
      .expect(200);
  });

  it('a page of CORS_ORIGINS may write, but not with a session', async () => {
    const friend = { Origin: 'https://friend.example', 'Sec-Fetch-Site': 'cross-site' };
    const post = () => app.client.post('/?url=https://example.com/').set(friend);
    await post().expect(201);
    await post().set('Cookie', '__Host-hoplite-session=x').expect(403);
  });

  it.each(['evil.example', 'evil.example:8080', 'go.example.com:1', '10.0.0.1'])(
    'a name rebound to us, %s, gets nothing',
    async (host) => {
      for (const path of ['/', '/api/v1/links', '/api/v1/status']) {
        const { body } = await app.client.get(path).set('Host', host).expect(421);
        expect(body.errors).toMatchObject([{ pointer: 'Host' }]);
      }
      const post = app.client.post('/?url=https://example.com/').set('Host', host);
      await post.set('Authorization', `Bearer ${testAdminKey}`).expect(421);
    },
  );

  it.each(['go.example.com', 'localhost:8080', '127.0.0.1', '[::1]:8080'])(
    'takes our own name %s',
    async (host) => {
      await app.client.get('/api/v1/links').set('Host', host).expect(200);
    },
  );

  it('answers health checks by any name', async () => {
    await app.client.get('/healthz').set('Host', '10.0.0.1:8080').expect(200);
  });
});

describe('where keys are required', () => {
  let app: TestApp;
  let cookie: string;
  beforeAll(async () => {
    app = await startTestApp({
      settings: { baseUrl: own, access: 'keys', corsOrigins: ['https://friend.example'] },
    });
    const { headers } = await app.client.post('/session').type('form').send({ key: testAdminKey });
    cookie = String(headers['set-cookie']).split(';')[0] ?? '';
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const post = () => app.client.post('/?url=https://example.com/');

  it.each([
    ...fromElsewhere,
    ['a page of CORS_ORIGINS', { Origin: 'https://friend.example' }] as const,
  ])('a session is refused from %s', async (_title, headers) => {
    await post().set(headers).set('Cookie', cookie).expect(403);
  });

  it.each(fromHere)('a session is taken from %s', async (_title, headers) => {
    await post().set(headers).set('Cookie', cookie).expect(201);
  });

  it.each(fromElsewhere)(
    'a key is taken from %s: no page has it by chance',
    async (_t, headers) => {
      await post().set(headers).set('Authorization', `Bearer ${testAdminKey}`).expect(201);
    },
  );

  it('answers by any name', async () => {
    await app.client
      .get('/api/v1/links')
      .set('Host', 'other.example')
      .set('Authorization', `Bearer ${testAdminKey}`)
      .expect(200);
  });
});
