import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBookmarkText } from '../../src/cluster/bookmark-text.ts';
import type { Durability } from '../../src/domain/durability.ts';
import type { Written } from '../../src/domain/writer.ts';
import { positionAt } from '../support/fake-mount.ts';
import { startTestApp, type TestApp, testAdminKey, testBookmarkKey } from '../support/test-app.ts';

const baseUrl = 'https://go.example.com';
const html = 'text/html,application/xhtml+xml,*/*;q=0.8';
const bookmarks = createBookmarkText([testBookmarkKey]);

/** What the writer is made to say of every write. */
let durability: Durability;
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({
    settings: { baseUrl, access: 'keys' },
    parts: ({ writers }) => ({
      writers: {
        writer: () => ({
          async run(...command) {
            const written = (await writers.writer().run(...command)) as Written<never>;
            return { ...written, position: positionAt(0xabc), durability };
          },
        }),
      },
    }),
  });
});
afterAll(() => app[Symbol.asyncDispose]());

interface Request {
  readonly method: 'post' | 'patch' | 'delete';
  readonly path: string;
  readonly body?: object;
  readonly status: number;
}

const destination = 'https://example.com/';
/** Each write there is, in an order in which all succeed. */
const writes: readonly Request[] = [
  { method: 'post', path: '/api/v1/links', body: { destination, slug: 'one' }, status: 201 },
  { method: 'patch', path: '/api/v1/links/one', body: { title: 'One' }, status: 200 },
  { method: 'delete', path: '/api/v1/links/one', status: 204 },
  { method: 'post', path: `/?url=${destination}`, status: 201 },
  { method: 'post', path: '/api/v1/keys', body: { name: 'one' }, status: 201 },
  { method: 'delete', path: '/api/v1/keys/1', status: 204 },
];

function send({ method, path, body, status }: Request) {
  const request = app.client[method](path).set('Authorization', `Bearer ${testAdminKey}`);
  return (body === undefined ? request : request.send(body)).expect(status);
}

describe.each(['replicated', 'local'] as const)('the answer to a write that is %s', (known) => {
  beforeAll(() => {
    durability = known;
  });

  it.each(writes)('says so, and names the write: $method $path', async (write) => {
    const { headers, body } = await send({
      ...write,
      path: known === 'local' ? write.path.replace('/keys/1', '/keys/2') : write.path,
    });
    expect(headers.durability).toBe(known);
    expect(bookmarks.parse(headers['hoplite-bookmark'] ?? '')).toEqual({
      epoch: 1,
      epochTag: expect.stringMatching(/^[0-9a-f]{8}$/),
      txid: '0000000000000abc',
    });
    expect(headers).not.toHaveProperty('set-cookie');
    if (body?.slug !== undefined) expect(body.replicated).toBe(known === 'replicated');
  });
});

it('a link that is read says nothing of a write', async () => {
  const { body, headers } = await send({ ...(writes[0] as Request), body: { destination } });
  const read = await app.client
    .get(`/api/v1/links/${body.slug}`)
    .set('Authorization', `Bearer ${testAdminKey}`)
    .set('If-None-Match', headers.etag ?? '')
    .expect(304);
  expect(read.headers).not.toHaveProperty('durability');
  const list = await app.client
    .get('/api/v1/links')
    .set('Authorization', `Bearer ${testAdminKey}`)
    .expect(200);
  expect(list.body.links[0]).not.toHaveProperty('replicated');
});

it('a write that fails names none', async () => {
  const { headers } = await send({
    method: 'post',
    path: '/api/v1/links',
    body: { destination, slug: 'api' },
    status: 422,
  });
  expect(headers).not.toHaveProperty('hoplite-bookmark');
  expect(headers).not.toHaveProperty('durability');
});

describe('the cookie of a page', () => {
  const cookiesOf = (headers: Record<string, unknown>) => headers['set-cookie'] as string[];
  const post = (path: string, fields: object) =>
    app.client.post(path).set('Accept', html).set('Origin', baseUrl).type('form').send(fields);

  it('brings what a form has written to the next page', async () => {
    const signedIn = await post('/session', { key: testAdminKey }).expect(303);
    const session = cookiesOf(signedIn.headers)[0]?.split(';')[0] ?? '';
    const { headers } = await post('/', { url: destination }).set('Cookie', session).expect(303);
    const [cookie, ...others] = cookiesOf(headers);
    expect(others).toEqual([]);
    expect(cookie).toBe(
      `__Host-hoplite-bookmark=${headers['hoplite-bookmark']}; Max-Age=300; Path=/; HttpOnly; SameSite=Lax; Secure`,
    );
  });

  it('comes with a sign-in, so that the next page shows what the primary has by then', async () => {
    app.cluster.at = positionAt(0x77);
    const { headers } = await post('/session', { key: testAdminKey }).expect(303);
    app.cluster.at = undefined;
    const [session, bookmark] = cookiesOf(headers);
    expect(session).toMatch(/^__Host-hoplite-session=/);
    const text = /^__Host-hoplite-bookmark=([^;]+)/.exec(bookmark ?? '')?.[1];
    expect(bookmarks.parse(text ?? '')).toMatchObject({ txid: '0000000000000077' });
  });

  it('has a name of its own, and no scheme to keep to, over plain http', async () => {
    await using plain = await startTestApp();
    const { headers } = await plain.client
      .post('/')
      .set('Accept', html)
      .type('form')
      .send({ url: destination })
      .expect(303);
    expect(cookiesOf(headers)[0]).toMatch(
      /^hoplite-bookmark=[^;]+; Max-Age=300; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });
});
