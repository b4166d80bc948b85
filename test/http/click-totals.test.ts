import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHour } from '../../src/domain/click.ts';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

const html = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const destination = 'https://example.com/';
const zero = { total: 0, people: 0, bots: 0, visitorsEstimate: 0, undated: 0 };
const counted = { total: 1_240, people: 1_234, bots: 6, visitorsEstimate: 987, undated: 0 };

let app: TestApp;
beforeEach(async () => {
  app = await startTestApp();
});
afterEach(() => app[Symbol.asyncDispose]());

async function create(slug: string): Promise<number> {
  const { body } = await app.client.post('/api/v1/links').send({ slug, destination }).expect(201);
  return Number(body.id);
}

function click(linkId: number): void {
  app.clicks.count({ linkId, hour: toHour(Date.now()), clicks: 1_234, bots: 6, visitors: 987 });
}

describe('the totals of a link', () => {
  it('are in every answer that shows the link', async () => {
    const made = await app.client
      .post('/api/v1/links')
      .set('Idempotency-Key', 'once')
      .send({ slug: 'sale', destination })
      .expect(201);
    expect(made.body.clicks).toEqual(zero);
    click(Number(made.body.id));
    const repeated = await app.client
      .post('/api/v1/links')
      .set('Idempotency-Key', 'once')
      .send({ slug: 'sale', destination })
      .expect(200);
    const read = await app.client.get('/api/v1/links/sale').expect(200);
    const changed = await app.client.patch('/api/v1/links/sale').send({ title: 'x' }).expect(200);
    const list = await app.client.get('/api/v1/links').expect(200);
    for (const link of [repeated.body, read.body, changed.body, list.body.links[0]]) {
      expect(link.clicks).toEqual(counted);
    }
    const lines = await app.client.get('/').set('Accept', 'application/json').expect(200);
    expect(lines.body).toMatchObject([{ short_code: 'sale', clicks: 1_240 }]);
  });

  it('are each link’s own', async () => {
    click(await create('one'));
    await create('two');
    const { body } = await app.client.get('/api/v1/links?sort=slug').expect(200);
    expect(body.links.map((link: { clicks: object }) => link.clicks)).toEqual([counted, zero]);
  });

  it('tell those apart that are in no hour', async () => {
    app.clicks.countUndated(await create('sale'), 3);
    const { body } = await app.client.get('/api/v1/links/sale').expect(200);
    expect(body.clicks).toEqual({ ...zero, total: 3, people: 3, undated: 3 });
  });

  it('are null while the counts are busy, and the links are there all the same', async () => {
    click(await create('sale'));
    app.clicks.isBusy = true;
    const post = await app.client.post('/api/v1/links').send({ destination }).expect(201);
    expect(post.body.clicks).toEqual(zero);
    const read = await app.client.get('/api/v1/links/sale').expect(200);
    const changed = await app.client.patch('/api/v1/links/sale').send({ title: 'x' }).expect(200);
    const list = await app.client.get('/api/v1/links').expect(200);
    expect([read.body, changed.body, ...list.body.links].map(({ clicks }) => clicks)).toEqual([
      null,
      null,
      null,
      null,
    ]);
    const lines = await app.client.get('/').set('Accept', 'application/json').expect(200);
    expect(lines.body[0].clicks).toBeNull();
    for (const path of ['/', '/sale+']) {
      const page = await app.client.get(path).set('Accept', html).expect(200);
      expect(page.text).toContain('go.example.com/sale');
      expect(page.text).not.toContain('class="clicks"');
    }
    await app.client.delete('/api/v1/links/sale').expect(204);
    expect(app.logged.some((line) => line.includes('totals not read'))).toBe(false);
  });

  it('are null, with a line in the log, when reading them breaks', async () => {
    await using broken = await startTestApp({
      parts: ({ clicks }) => ({
        clicks: Object.assign(Object.create(clicks), {
          findTotals: async () => {
            throw new Error('the file is no database');
          },
        }),
      }),
    });
    await broken.client.post('/api/v1/links').send({ slug: 'sale', destination }).expect(201);
    const { body } = await broken.client.get('/api/v1/links/sale').expect(200);
    expect(body.clicks).toBeNull();
    expect(broken.logged.filter((line) => line.includes('totals not read'))).toHaveLength(1);
  });
});

describe('the entity tag of a link', () => {
  it('changes with its clicks, for whoever asks what is new', async () => {
    const id = await create('sale');
    const get = (tag: string) => app.client.get('/api/v1/links/sale').set('If-None-Match', tag);
    const before = (await get('"x"').expect(200)).headers.etag as string;
    await get(before).expect(304);
    click(id);
    const { headers, body } = await get(before).expect(200);
    expect(body.clicks.people).toBe(1_234);
    await get(headers.etag as string).expect(304);
  });

  it.each(['patch', 'delete'] as const)(
    'does not stand in the way of %s when it does',
    async (method) => {
      const id = await create('sale');
      const { headers } = await app.client.get('/api/v1/links/sale').expect(200);
      click(id);
      await app.client[method]('/api/v1/links/sale')
        .set('If-Match', headers.etag as string)
        .send(method === 'patch' ? { title: 'x' } : undefined)
        .expect(method === 'patch' ? 200 : 204);
    },
  );

  it('changes when the link expires', async () => {
    let now = Date.now();
    await using timed = await startTestApp({ clock: { now: () => now, monotonicMs: () => 0 } });
    const expiresAt = new Date(now + 60_000).toISOString();
    const made = await timed.client
      .post('/api/v1/links')
      .send({ slug: 'short', destination, expiresAt })
      .expect(201);
    const get = () =>
      timed.client.get('/api/v1/links/short').set('If-None-Match', made.headers.etag as string);
    await get().expect(304);
    now += 60_000;
    const { body } = await get().expect(200);
    expect(body.state).toBe('expired');
  });
});

describe('a page', () => {
  const words = '<strong>1,234 clicks</strong> by about 987 visitors (estimate) · 6 by bots';

  it('shows the clicks of each link, and calls visitors an estimate', async () => {
    click(await create('sale'));
    for (const path of ['/', '/?created=sale', '/sale+']) {
      const { text } = await app.client.get(path).set('Accept', html).expect(200);
      expect(text).toContain(words);
    }
  });

  it('shows them in the preview to nobody who may not list links', async () => {
    await using closed = await startTestApp({ settings: { access: 'keys' } });
    const { body } = await closed.client
      .post('/api/v1/links')
      .set('Authorization', `Bearer ${testAdminKey}`)
      .send({ slug: 'sale', destination })
      .expect(201);
    const hour = toHour(Date.now());
    closed.clicks.count({ linkId: Number(body.id), hour, clicks: 1_234, bots: 6, visitors: 987 });
    const preview = await closed.client.get('/sale+').expect(200);
    expect(preview.text).not.toContain('clicks');
    const home = await closed.client
      .get('/')
      .set({ Accept: html, Authorization: `Bearer ${testAdminKey}` })
      .expect(200);
    expect(home.text).toContain(words);
  });
});
