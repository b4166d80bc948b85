import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
const slugs = Array.from({ length: 7 }, (_, index) => `link-${index}`);

beforeAll(async () => {
  app = await startTestApp();
  for (const slug of slugs) {
    await app.client
      .post('/api/v1/links')
      .send({ slug, destination: `https://example.com/${slug}`, title: `Title of ${slug}` })
      .expect(201);
  }
});
afterAll(() => app[Symbol.asyncDispose]());

/** The path that the `Link` header of an answer names. */
function nextOf(headers: Record<string, string>): string | undefined {
  const url = /^<([^>]+)>; rel="next"$/.exec(headers.link ?? '')?.[1];
  return url?.replace('http://go.example.com', '');
}

async function listAll(path: string): Promise<string[]> {
  const found: string[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const { body, headers } = await app.client.get(next).expect(200);
    found.push(...body.links.map((link: { slug: string }) => link.slug));
    expect(body.nextCursor === null).toBe(nextOf(headers) === undefined);
    next = nextOf(headers);
  }
  return found;
}

describe('the list of links', () => {
  it('is the newest first', async () => {
    const { body, headers } = await app.client.get('/api/v1/links').expect(200);
    expect(body.links.map(({ slug }: { slug: string }) => slug)).toEqual(slugs.toReversed());
    expect(body.nextCursor).toBeNull();
    expect(headers.link).toBeUndefined();
  });

  it.each([1, 2, 3, 6, 7, 8])('comes whole in pages of %d', async (limit) => {
    expect(await listAll(`/api/v1/links?limit=${limit}`)).toEqual(slugs.toReversed());
  });

  it.each([
    ['slug', slugs],
    ['-slug', slugs.toReversed()],
    ['createdAt', slugs],
    ['-createdAt', slugs.toReversed()],
    ['updatedAt', slugs],
    ['-updatedAt', slugs.toReversed()],
  ])('can be sorted by %s', async (sort, expected) => {
    expect(await listAll(`/api/v1/links?sort=${sort}&limit=3`)).toEqual(expected);
  });

  it('can be searched, page by page', async () => {
    expect(await listAll('/api/v1/links?search=TITLE+of+link-&limit=4')).toEqual(
      slugs.toReversed(),
    );
    expect(await listAll('/api/v1/links?search=example.com%2Flink-3')).toEqual(['link-3']);
    expect(await listAll('/api/v1/links?search=%25')).toEqual([]);
  });

  it('goes on behind a cursor of the body, too', async () => {
    const { body } = await app.client.get('/api/v1/links?limit=5').expect(200);
    const rest = await app.client.get(`/api/v1/links?cursor=${body.nextCursor}`).expect(200);
    expect(rest.body.links).toHaveLength(2);
  });

  it('refuses the cursor of another list', async () => {
    const { body } = await app.client.get('/api/v1/links?limit=5').expect(200);
    const answer = await app.client
      .get(`/api/v1/links?sort=slug&cursor=${body.nextCursor}`)
      .expect(422);
    expect(answer.body.errors).toMatchObject([{ pointer: 'cursor' }]);
  });
});

describe('the list for one-line clients', () => {
  it('is the newest first, with names of its own', async () => {
    const { body, headers } = await app.client
      .get('/')
      .set('Accept', 'application/json')
      .expect(200);
    expect(body).toHaveLength(7);
    expect(body[0]).toEqual({
      short_code: 'link-6',
      full_url: 'https://example.com/link-6',
      clicks: 0,
    });
    expect(headers.link).toBeUndefined();
    expect(headers.vary).toContain('Accept');
  });

  it('comes in pages of 1,000, each with a Link to the next', async () => {
    const asked: unknown[] = [];
    await using paged = await startTestApp({
      parts: ({ links }) => ({
        links: {
          ...links,
          listLinks(query) {
            asked.push(query);
            return links.listLinks({ ...query, limit: 3 });
          },
        },
      }),
    });
    for (const slug of slugs) {
      await paged.client.post('/api/v1/links').send({ slug, destination: 'https://a.example/' });
    }
    const found: string[] = [];
    for (let next: string | undefined = '/'; next !== undefined; ) {
      const { body, headers } = await paged.client.get(next).expect(200);
      found.push(...body.map((link: { short_code: string }) => link.short_code));
      next = nextOf(headers);
    }
    expect(found).toEqual(slugs.toReversed());
    expect(asked).toMatchObject([{ limit: 1_000 }, { limit: 1_000 }, { limit: 1_000 }]);
  });

  it.each(['/?x=1', '/?created=link-1', '/?cursor=x'])('is strict: %s', async (path) => {
    await app.client.get(path).expect(422);
  });
});
