import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

const html = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const base = 'http://go.example.com';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app[Symbol.asyncDispose]());

describe('a one-line client', () => {
  const line = (query: string) => app.client.post(`/?${query}`);

  it('gets the short URL as text, and nothing else', async () => {
    const { text, headers } = await line('url=https://example.com/a').expect(201);
    expect(text).toMatch(/^http:\/\/go\.example\.com\/[2-9a-z]{6}$/);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(headers.location).toBe(text);
    expect(headers.vary).toContain('Accept');
  });

  it('gets a JSON string when it asks for JSON', async () => {
    const { body, headers } = await line('url=https://example.com/a')
      .set('Accept', 'application/json')
      .expect(201);
    expect(body).toMatch(/^http:\/\/go\.example\.com\//);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('takes a URL that is percent-encoded, with a query of its own', async () => {
    const url = 'https://example.com/ä?a=1&b=2#c';
    await line(`slug=encoded&url=${encodeURIComponent(url)}`).expect(201, `${base}/encoded`);
    const { body } = await app.client.get('/api/v1/links/encoded').expect(200);
    expect(body.destination).toBe(new URL(url).href);
  });

  it('may send a form instead', async () => {
    await app.client
      .post('/')
      .type('form')
      .send({ url: 'https://example.com/', slug: 'by-form' })
      .expect(201, `${base}/by-form`);
  });

  it('gets a generated slug for an empty one', async () => {
    await line('url=https://example.com/&slug=').expect(201);
  });

  it('may repeat a request with its Idempotency-Key, as may the API', async () => {
    const post = () => line('url=https://example.com/').set('Idempotency-Key', 'one-line');
    const { text } = await post().expect(201);
    await post().expect(200, text);
    const { body } = await app.client
      .post('/api/v1/links')
      .set('Idempotency-Key', 'one-line')
      .send({ destination: 'https://example.com/' })
      .expect(200);
    expect(body.shortUrl).toBe(text);
  });

  it.each([
    ['nothing', ''],
    ['an empty one', 'url='],
    ['a word', 'url=x'],
    ['a path', 'url=/x'],
    ['a host with slashes', 'url=//evil.example'],
    ['another scheme', 'url=javascript:alert(1)'],
    ['our own host', `url=${base}/x`],
    ['a private address', 'url=http://10.0.0.1/'],
    ['a URL that is too long', `url=https://example.com/${'a'.repeat(8_173)}`],
  ])('is told "Invalid URL" for %s', async (_title, query) => {
    const { body } = await line(query).expect(400);
    expect(body).toMatchObject({
      type: `${base}/problems/invalid-url`,
      title: 'Invalid URL',
      errors: [{ pointer: 'url' }],
    });
  });

  it.each([
    ['a slug that breaks the rules', 'url=https://a.example/&slug=a.b', 422, 'slug'],
    ['a reserved slug', 'url=https://a.example/&slug=api', 422, 'slug'],
    ['a slug that is too long', `url=https://a.example/&slug=${'a'.repeat(65)}`, 422, 'slug'],
    ['a slug that is taken', 'url=https://a.example/&slug=encoded', 409, 'slug'],
    ['an unknown field', 'url=https://a.example/&x=1', 422, 'x'],
    ['a field given twice', 'url=https://a.example/&url=https://b.example/', 422, 'url'],
    ['bad percent-encoding', 'url=https://a.example/%zz', 400, 'url'],
    ['bytes that are not UTF-8', 'url=https://a.example/%ff', 400, 'url'],
  ])('is told of %s', async (_title, query, status, pointer) => {
    const { body } = await line(query).expect(status);
    expect(body.errors).toMatchObject([{ pointer }]);
  });

  it('may give a field in the query or in the form, not in both', async () => {
    const { body } = await line('url=https://a.example/')
      .type('form')
      .send({ url: 'https://b.example/' })
      .expect(422);
    expect(body.errors).toMatchObject([{ pointer: 'url' }]);
    await line('url=https://a.example/').type('form').send({ slug: 'in-the-form' }).expect(201);
  });

  it('sends no other kind of body', async () => {
    await line('url=https://a.example/').send({ slug: 'x' }).expect(415);
  });
});

describe('the page', () => {
  const post = (fields: object) =>
    app.client.post('/').set('Accept', html).type('form').send(fields);

  it('shows the form and the latest links, without script', async () => {
    const { text, headers } = await app.client.get('/').set('Accept', html).expect(200);
    expect(text).toContain('<form method="post" action="/"');
    expect(text).toContain('go.example.com/by-form');
    expect(text).not.toContain('Sign out');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers.vary).toContain('Accept');
  });

  it('goes from the form to itself, with the new link on it', async () => {
    const { headers } = await post({ url: 'https://example.com/page', slug: 'Paged' }).expect(303);
    expect(headers.location).toBe('/?created=Paged');
    const { text } = await app.client.get('/?created=Paged').set('Accept', html).expect(200);
    expect(text).toContain('Your short URL is ready');
  });

  it.each([
    ['a bad URL', { url: 'x"<script>', slug: 'good' }],
    ['no URL', { url: '', slug: 'good' }],
    ['a bad slug', { url: 'https://example.com/', slug: 'a.b"<script>' }],
    ['a slug that is taken', { url: 'https://example.com/', slug: 'PAGED' }],
  ])('shows again what was entered, with %s', async (_title, fields) => {
    const { text } = await post(fields).expect(422);
    expect(text).toContain('role="alert"');
    expect(text).not.toContain('<script>');
    const escaped = (value: string) =>
      value.replace('"', '&quot;').replace('<', '&lt;').replace('>', '&gt;');
    expect(text).toContain(`value="${escaped(fields.url)}"`);
    expect(text).toContain(`value="${escaped(fields.slug)}"`);
  });

  it('bears parameters that others hang onto its URL, and slugs that are not there', async () => {
    for (const query of ['utm_source=x&fbclid=y', 'created=nowhere', 'created=%3Cscript%3E']) {
      await app.client.get(`/?${query}`).set('Accept', html).expect(200);
    }
  });

  it('says what is wrong elsewhere as a page, too', async () => {
    const { text } = await app.client.get('/no/such').set('Accept', html).expect(404);
    expect(text).toContain('Not found');
  });

  it('asks for a key first where keys are required', async () => {
    await using closed = await startTestApp({ settings: { access: 'keys' } });
    await closed.client.get('/').set('Accept', html).expect(401);
    await closed.client.post('/').set('Accept', html).type('form').send({ url: 'x' }).expect(401);
    const authorized = { Accept: html, Authorization: `Bearer ${testAdminKey}` };
    await closed.client.get('/').set(authorized).expect(200);
  });
});

describe('the preview of a link', () => {
  const create = async (slug: string, more: object = {}) => {
    await app.client
      .post('/api/v1/links')
      .send({ slug, destination: `https://example.com/${slug}`, ...more })
      .expect(201);
    return slug;
  };

  it('says where a short URL leads', async () => {
    await create('Look');
    const { text, headers } = await app.client.get('/look+').expect(200);
    expect(text).toContain('https://example.com/Look');
    expect(headers['x-robots-tag']).toBe('noindex');
  });

  it.each([
    ['is disabled', { disabled: true }, 410],
    ['has expired', { expiresAt: '2020-01-01T00:00:00Z' }, 410],
    ['has not begun', { notBefore: '2999-01-01T00:00:00Z' }, 404],
  ])('keeps the destination of a link that %s', async (title, more, status) => {
    const slug = await create(title.replaceAll(' ', '-'), more);
    const { text } = await app.client.get(`/${slug}+`).set('Accept', html).expect(status);
    expect(text).not.toContain('https://example.com/');
  });

  it('keeps the destination of a link that was taken down', async () => {
    const slug = await create('taken-down');
    await app.client
      .patch(`/api/v1/links/${slug}`)
      .set('Authorization', `Bearer ${testAdminKey}`)
      .send({ blocked: true })
      .expect(200);
    const { text } = await app.client.get(`/${slug}+`).expect(451);
    expect(text).not.toContain('example.com/taken');
  });

  it('keeps a destination that is no longer allowed', async () => {
    await using stricter = await startTestApp({
      parts: ({ findLink }) => ({
        findLink: async (ref) =>
          ({
            ...(await findLink(ref)),
            slug: 'old',
            destination: 'javascript:alert(1)',
          }) as never,
      }),
    });
    await stricter.client.get('/old+').expect(451);
  });

  it.each(['/nowhere+', '/a.b+', '/+', '/api+', '/%2B+', '/a++'])(
    'is nothing at %s',
    async (path) => {
      await app.client.get(path).expect(404);
    },
  );
});
