import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NodeBookmarks } from '../../src/cluster/bookmarks.ts';
import type { Bookmark } from '../../src/domain/bookmark.ts';
import { Failure } from '../../src/domain/failure.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { positionAt } from '../support/fake-mount.ts';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

const replica = { is: 'replica', primary: 'p' } as const;
const html = 'text/html,application/xhtml+xml,*/*;q=0.8';
const note = 'cannot reach the primary';

/** Every read that shows what is in `links.db`. */
const reads = [
  '/api/v1/links',
  '/api/v1/links/known',
  '/api/v1/keys',
  '/?cursor=',
  '/known+',
] as const;

let app: TestApp;
/** Where this node is. */
let own: Bookmark;
/** Whether there is a way to the primary. */
let hasWay = true;
beforeAll(async () => {
  app = await startTestApp({
    settings: { access: 'keys' },
    bookmarks: { readWaitMs: 20 },
    parts: ({ primaryRoute }) => ({
      primaryRoute: {
        async pass(...request) {
          if (!hasWay) throw new Failure('unavailable', 'No way.', { retryAfterS: 7 });
          return primaryRoute.pass(...request);
        },
      },
    }),
  });
  const authorization = { Authorization: `Bearer ${testAdminKey}` };
  await app.client
    .post('/api/v1/links')
    .set(authorization)
    .send({ destination: 'https://example.com/', slug: 'known' })
    .expect(201);
  app.cluster.at = positionAt(5);
  app.cluster.become(replica);
  own = (await app.parts.bookmarks.own()) as Bookmark;
});
afterAll(() => app[Symbol.asyncDispose]());
beforeEach(() => {
  hasWay = true;
  app.passed.length = 0;
});

/** The bookmark of a transaction in this node's epoch, as text. */
function bookmarkAt(txid: number, other: Partial<Bookmark> = {}): string {
  return app.parts.bookmarks.format({ ...own, txid: positionAt(txid).txid, ...other });
}

/** The teapot is the primary. It answers nothing that the document describes. */
async function read(path: string, headers: Readonly<Record<string, string>>) {
  const response = await fetch(`http://127.0.0.1:${app.port}${path.replace('?cursor=', '')}`, {
    headers: { Authorization: `Bearer ${testAdminKey}`, ...headers },
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe.each(reads)('GET %s', (path) => {
  it('is answered here when this node has what the bookmark names', async () => {
    const { status } = await read(path, { 'Hoplite-Bookmark': bookmarkAt(5) });
    expect(status).toBe(200);
    expect(app.passed).toEqual([]);
  });

  it('is answered by the primary when this node does not get there', async () => {
    const { status } = await read(path, { 'Hoplite-Bookmark': bookmarkAt(6) });
    expect(status).toBe(418);
    expect(app.passed).toMatchObject([{ method: 'GET' }]);
  });

  it('is answered by the primary when either history is lost', async () => {
    const lost = bookmarkAt(3, { epochTag: 'ffffffff' });
    expect(await read(path, { 'Hoplite-Bookmark': lost })).toMatchObject({ status: 418 });
  });

  it('is answered here when the bookmark is none', async () => {
    for (const text of [`${bookmarkAt(6).slice(0, -1)}~`, 'nonsense', `1${'A'.repeat(36)}`]) {
      expect(await read(path, { 'Hoplite-Bookmark': text })).toMatchObject({ status: 200 });
    }
    expect(app.passed).toEqual([]);
  });

  it('says when to come back where there is no way to the primary', async () => {
    hasWay = false;
    const answer = await read(path, { 'Hoplite-Bookmark': bookmarkAt(6), Accept: html });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('Retry-After')).toBe('1');
  });
});

describe('a bookmark in a cookie', () => {
  const cookie = () => ({ Cookie: `a=b; hoplite-bookmark=${bookmarkAt(6)}` });

  it('is honoured as one in the header', async () => {
    expect(await read('/', { Accept: html, ...cookie() })).toMatchObject({ status: 418 });
    expect(await read('/api/v1/links', cookie())).toMatchObject({ status: 418 });
  });

  it('gives way to one in the header', async () => {
    const headers = { Accept: html, ...cookie(), 'Hoplite-Bookmark': bookmarkAt(5) };
    expect(await read('/', headers)).toMatchObject({ status: 200 });
  });

  it.each(['/', '/known+'])(
    'lets the page %s be old where nothing else can be done, and say so',
    async (path) => {
      hasWay = false;
      const stale = await read(path, { Accept: html, ...cookie() });
      expect(stale).toMatchObject({ status: 200, text: expect.stringContaining(note) });
      const fresh = await read(path, { Accept: html });
      expect(fresh.text).not.toContain(note);
    },
  );

  it('lets no data be old', async () => {
    hasWay = false;
    expect(await read('/api/v1/links', cookie())).toMatchObject({ status: 503 });
    expect(await read('/', { Accept: 'application/json', ...cookie() })).toMatchObject({
      status: 503,
    });
  });
});

describe('what was read', () => {
  it.each(['/api/v1/links', '/api/v1/links/known', '/api/v1/keys', '/'])(
    'is named by the answer of %s, so that no later read shows less',
    async (path) => {
      const { headers } = await read(path, {});
      expect(headers.get('Hoplite-Bookmark')).toBe(bookmarkAt(5));
      expect(headers.get('Durability')).toBeNull();
    },
  );

  it('is named after it was read, when more comes in meanwhile', async () => {
    const cluster = Object.assign(new FakeCluster(replica), { at: positionAt(5) });
    await using node = await startTestApp({
      cluster,
      parts: ({ links }) => ({
        links: {
          ...links,
          listLinks(query) {
            cluster.at = positionAt(8);
            return links.listLinks(query);
          },
        },
      }),
    });
    const { headers } = await node.client.get('/api/v1/links').expect(200);
    const named = node.parts.bookmarks.parse(headers['hoplite-bookmark'] ?? '');
    expect(named?.txid).toBe(positionAt(8).txid);
  });

  it('is named in the answer to a client that has it, too', async () => {
    const { headers } = await read('/api/v1/links/known', {});
    const again = await read('/api/v1/links/known', { 'If-None-Match': headers.get('ETag') ?? '' });
    expect(again.status).toBe(304);
    expect(again.headers.get('Hoplite-Bookmark')).toBe(bookmarkAt(5));
  });
});

it('what shows nothing of links.db, or is not shown at all, waits for nothing', async () => {
  const headers = { 'Hoplite-Bookmark': bookmarkAt(6) };
  for (const path of [
    '/api/v1/clicks',
    '/api/v1/links/known/clicks',
    '/api/v1/status',
    '/session',
  ]) {
    expect(await read(path, headers)).toMatchObject({ status: 200 });
  }
  expect(await read('/api/v1/links', { ...headers, Authorization: '' })).toMatchObject({
    status: 401,
  });
  expect(app.passed).toEqual([]);
});

it('a read that was replayed and fell back goes on to the primary without another wait', async () => {
  const waits: boolean[] = [];
  await using node = await startTestApp({
    cluster: Object.assign(new FakeCluster(replica), { at: positionAt(5) }),
    parts: ({ bookmarks }) => ({
      bookmarks: {
        ...bookmarks,
        async prepareRead(_bookmark, { mayWait }) {
          waits.push(mayWait);
          return 'serve';
        },
      },
    }),
  });
  const { bookmarks } = node.parts;
  const text = bookmarks.format((await bookmarks.own()) as Bookmark);
  for (const name of ['X-Other', 'fly-replay-src', 'fly-replay-failed']) {
    await node.client.get('/api/v1/links').set('Hoplite-Bookmark', text).set(name, 'x').expect(200);
  }
  expect(waits).toEqual([true, false, false]);
});

it('forged bookmarks have nobody wait, and those who wait have a bound', async () => {
  await using node = await startTestApp({
    cluster: Object.assign(new FakeCluster(replica), { at: positionAt(5) }),
    bookmarks: { maxWaiters: 3, readWaitMs: 60_000 },
  });
  const bookmarks = node.parts.bookmarks as NodeBookmarks;
  const here = (await bookmarks.own()) as Bookmark;
  const future = bookmarks.format({ ...here, txid: positionAt(99).txid });
  const get = async (text: string) => {
    const url = `http://127.0.0.1:${node.port}/api/v1/links`;
    return (await fetch(url, { headers: { 'Hoplite-Bookmark': text } })).status;
  };
  const forged = Array.from({ length: 200 }, (_, at) => `${future.slice(0, -3)}${at + 100}`);
  expect(new Set(await Promise.all(forged.map(get)))).toEqual(new Set([200]));
  expect(node.passed).toEqual([]);

  const answers: number[] = [];
  const all = Array.from({ length: 200 }, () => get(future).then((status) => answers.push(status)));
  await expect.poll(() => answers.length).toBe(197);
  expect(new Set(answers)).toEqual(new Set([418]));
  expect(bookmarks.waiting).toBe(3);
  node.cluster.at = positionAt(99);
  await Promise.all(all);
  expect(answers.filter((status) => status === 200)).toHaveLength(3);
});
