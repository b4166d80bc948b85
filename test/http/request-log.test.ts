import { describe, expect, it } from 'vitest';
import { startTestApp, testAdminKey } from '../support/test-app.ts';

/** The lines that tell of requests. */
function linesOf(logged: readonly string[]): Record<string, unknown>[] {
  return logged.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
}

describe('the log', () => {
  it('has one line for each request, by the pattern of its route', async () => {
    await using app = await startTestApp();
    const { headers } = await app.client.get('/api/v1/links/nowhere').expect(404);
    await expect.poll(() => linesOf(app.logged)).toHaveLength(1);
    expect(linesOf(app.logged)[0]).toMatchObject({
      level: 30,
      id: headers['x-request-id'],
      method: 'GET',
      route: '/api/v1/links/{slug}',
      status: 404,
      role: 'primary',
      replayed: false,
      ms: expect.any(Number),
    });
  });

  it('keeps health checks and strangers for those who look for them', async () => {
    await using app = await startTestApp();
    await app.client.get('/healthz').expect(200);
    await app.client.get('/wp-login.php').expect(404);
    await expect.poll(() => linesOf(app.logged)).toHaveLength(2);
    expect(linesOf(app.logged)).toMatchObject([
      { level: 20, route: '/healthz' },
      { level: 20, route: 'none' },
    ]);
  });

  it('says at both ends when a request goes to the primary', async () => {
    await using app = await startTestApp({ role: { is: 'replica', primary: 'p' } });
    await fetch(`http://127.0.0.1:${app.port}/`, { method: 'POST' });
    await app.client.get('/').set('fly-replay-src', 'instance=x').expect(200);
    await expect.poll(() => linesOf(app.logged)).toHaveLength(2);
    expect(linesOf(app.logged)).toMatchObject([
      { role: 'replica', replayed: true },
      { replayed: true },
    ]);
  });

  it('names the node that asked for a replay, once its mark is proved', async () => {
    await using app = await startTestApp({
      parts: () => ({
        findReplayOrigin: ({ headers }) =>
          headers['fly-replay-src'] === 'instance=x;state=proved' ? 'x' : undefined,
      }),
    });
    await app.client.get('/').set('fly-replay-src', 'instance=x;state=proved').expect(200);
    await app.client.get('/').set('fly-replay-src', 'instance=x;state=forged').expect(200);
    await expect.poll(() => linesOf(app.logged)).toHaveLength(2);
    expect(linesOf(app.logged).map(({ replayedBy }) => replayedBy)).toEqual(['x', undefined]);
  });

  it('holds nothing of what clients send', async () => {
    await using app = await startTestApp({
      settings: { access: 'keys', trustProxy: 'fly' },
      parts: ({ links }) => ({
        links: {
          ...links,
          async listLinks() {
            throw new Error('planted defect');
          },
        },
      }),
    });
    const marked = {
      'Fly-Client-IP': '203.0.113.77',
      Cookie: 'hoplite-session=MARK-cookie',
      'User-Agent': 'MARK-agent',
      Referer: 'https://MARK.example/',
      'X-Request-Id': 'has spaces MARK',
      'Idempotency-Key': 'MARK-idempotency',
    };
    const authorized = { ...marked, Authorization: `Bearer ${testAdminKey}` };
    const { client } = app;
    await client.get('/api/v1/links?search=MARK').set(authorized).expect(500);
    await client.get('/MARK/path?x=MARK').set(marked).expect(404);
    await client.get('/api/v1/links/MARK').set({ ...marked, Authorization: 'Bearer MARK' });
    await client.post('/session').set(marked).type('form').send({ key: 'MARK-key' }).expect(401);
    await client
      .post('/api/v1/links')
      .set(authorized)
      .send({ destination: 'https://example.com/MARK', title: 'MARK' })
      .expect(201);
    const broken = client.post('/api/v1/links').set(authorized).type('json');
    await broken.send('{"MARK"').expect(400);
    await expect.poll(() => linesOf(app.logged)).toHaveLength(6);
    const text = app.logged.join('');
    expect(text).not.toContain('MARK');
    expect(text).not.toContain('203.0.113.77');
    expect(text).not.toContain(testAdminKey);
  });
});
