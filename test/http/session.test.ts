import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSessions, sessionLifetimeMs } from '../../src/http/session.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { startTestApp, type TestApp, testAdminKey } from '../support/test-app.ts';

const secret = 'a secret of all nodes';

describe('session tokens', () => {
  const holders = [
    { is: 'key', prefix: '0123456789' },
    { is: 'key', prefix: 'AZazAZazAZ' },
    { is: 'admin', fingerprint: '0123456789abcdef0123456789abcdef' },
  ] as const;

  it.each(holders)('name their holder on every node with the secret: %j', (holder) => {
    const clock = fakeClock();
    const token = createSessions([secret], clock).issue(holder);
    expect(createSessions([secret], clock).verify(token)).toEqual(holder);
    expect(createSessions(['another secret'], clock).verify(token)).toBeUndefined();
  });

  it('are good with any of the secrets, and made with the first', () => {
    const clock = fakeClock();
    const rotating = createSessions(['the next one', secret], clock);
    const token = createSessions([secret], clock).issue(holders[0]);
    expect(rotating.verify(token)).toEqual(holders[0]);
    const next = rotating.issue(holders[0]);
    expect(createSessions(['the next one'], clock).verify(next)).toEqual(holders[0]);
    expect(createSessions([secret], clock).verify(next)).toBeUndefined();
  });

  it('end after 12 hours', () => {
    const clock = fakeClock();
    const sessions = createSessions([secret], clock);
    const token = sessions.issue(holders[0]);
    clock.advance(12 * 60 * 60 * 1000 - 1);
    expect(sessions.verify(token)).toEqual(holders[0]);
    clock.advance(1);
    expect(sessions.verify(token)).toBeUndefined();
  });

  it.each(holders)('are worth nothing with any sign changed: %j', (holder) => {
    const sessions = createSessions([secret], fakeClock());
    const token = sessions.issue(holder);
    for (let at = 0; at < token.length; at += 1) {
      const changed = `${token.slice(0, at)}${token[at] === '1' ? '2' : '1'}${token.slice(at + 1)}`;
      expect(sessions.verify(changed)).toBeUndefined();
      expect(sessions.verify(token.slice(0, at))).toBeUndefined();
      expect(sessions.verify(`${token.slice(0, at)} ${token.slice(at)}`)).toBeUndefined();
    }
  });

  it('cannot be lengthened, nor lent to another key', () => {
    const clock = fakeClock();
    const sessions = createSessions([secret], clock);
    const [kind, subject, expiry, mac] = sessions
      .issue({ is: 'key', prefix: '7777777777' })
      .split('.');
    const later = Number(expiry) + 1;
    expect(sessions.verify([kind, subject, later, mac].join('.'))).toBeUndefined();
    expect(sessions.verify([kind, '8777777777', expiry, mac].join('.'))).toBeUndefined();
    expect(sessions.verify(['a', subject, expiry, mac].join('.'))).toBeUndefined();
  });
});

describe('signing in', () => {
  let app: TestApp;
  let clock: FakeClock;
  beforeAll(async () => {
    clock = fakeClock(Date.now());
    app = await startTestApp({
      clock,
      settings: { access: 'keys', baseUrl: 'https://go.example.com' },
    });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const html = 'text/html,application/xhtml+xml,*/*;q=0.8';
  const signIn = (key: string) =>
    app.client
      .post('/session')
      .set('Accept', html)
      .set('Origin', 'https://go.example.com')
      .type('form')
      .send({ key });
  const cookieOf = (headers: Record<string, unknown>): string =>
    String((headers['set-cookie'] as string[] | undefined)?.[0]).split(';')[0] ?? '';

  async function createKey(): Promise<{ id: string; key: string }> {
    const { body } = await app.client
      .post('/api/v1/keys')
      .set('Authorization', `Bearer ${testAdminKey}`)
      .send({ name: 'browser' });
    return body;
  }

  it('asks for a key wherever one is missing', async () => {
    for (const path of ['/', '/api/v1/links']) {
      const { text, headers } = await app.client.get(path).set('Accept', html).expect(401);
      expect(text).toContain('action="/session"');
      expect(headers['www-authenticate']).toMatch(/^Bearer/);
    }
    const { text } = await app.client.get('/session').set('Accept', html).expect(200);
    expect(text).toContain('name="key"');
  });

  it('sets a cookie that only this host gets, and no script', async () => {
    const { headers } = await signIn(testAdminKey).expect(303);
    expect(headers.location).toBe('/');
    const [name, ...attributes] = String(headers['set-cookie']).split('; ');
    expect(name).toMatch(/^__Host-hoplite-session=a\./);
    expect(attributes.sort()).toEqual([
      'HttpOnly',
      'Max-Age=43200',
      'Path=/',
      'SameSite=Strict',
      'Secure',
    ]);
  });

  it('has a plain name without https, where no browser takes the other', async () => {
    await using plain = await startTestApp({ settings: { access: 'keys' } });
    const { headers } = await plain.client
      .post('/session')
      .type('form')
      .send({ key: testAdminKey });
    expect(String(headers['set-cookie'])).toMatch(/^hoplite-session=[^;]+; .*SameSite=Strict$/);
    const cookie = cookieOf(headers);
    const { text } = await plain.client.get('/').set('Accept', html).set('Cookie', cookie);
    expect(text).toContain('Sign out');
  });

  it('opens the page and the API, until it ends', async () => {
    const { key } = await createKey();
    const cookie = cookieOf((await signIn(key).expect(303)).headers);
    const get = (path: string) => app.client.get(path).set('Accept', html).set('Cookie', cookie);
    const { text } = await get('/').expect(200);
    expect(text).toContain('Sign out');
    await app.client.get('/api/v1/links').set('Cookie', cookie).expect(200);
    await app.client.get('/api/v1/keys').set('Cookie', cookie).expect(403);
    clock.advance(sessionLifetimeMs);
    await get('/').expect(401);
  });

  it('holds the admin key itself for the operator', async () => {
    const cookie = cookieOf((await signIn(testAdminKey)).headers);
    await app.client.get('/api/v1/keys').set('Cookie', cookie).expect(200);
  });

  it('ends when its key is revoked', async () => {
    const { id, key } = await createKey();
    const cookie = cookieOf((await signIn(key)).headers);
    await app.client.get('/api/v1/links').set('Cookie', cookie).expect(200);
    await app.client
      .delete(`/api/v1/keys/${id}`)
      .set('Authorization', `Bearer ${testAdminKey}`)
      .expect(204);
    await app.client.get('/api/v1/links').set('Cookie', cookie).expect(401);
  });

  it('is never that of another key which a restored backup gave the same id', async () => {
    const settings = { access: 'keys', baseUrl: 'https://go.example.com' } as const;
    await using before = await startTestApp({ clock, settings });
    await using restored = await startTestApp({
      clock,
      settings,
      parts: () => ({ random: seededRandom('restored') }),
    });
    const createAt = async ({ client }: TestApp, name: string) =>
      (
        await client
          .post('/api/v1/keys')
          .set('Authorization', `Bearer ${testAdminKey}`)
          .send({ name })
      ).body;
    const ofAlice = await createAt(before, 'Alice');
    const ofBob = await createAt(restored, 'Bob');
    expect(ofBob.id).toBe(ofAlice.id);
    const { headers } = await before.client
      .post('/session')
      .set('Origin', settings.baseUrl)
      .type('form')
      .send({ key: ofAlice.key });
    const list = ({ client }: TestApp) =>
      client.get('/api/v1/links').set('Cookie', cookieOf(headers));
    await list(before).expect(200);
    await list(restored).expect(401);
  });

  it('goes on while another ADMIN_KEY joins the one that opened it', async () => {
    const cookie = cookieOf((await signIn(testAdminKey)).headers);
    await using other = await startTestApp({
      clock,
      settings: {
        access: 'keys',
        baseUrl: 'https://go.example.com',
        adminKeys: ['another-admin-key-0123456789', testAdminKey],
      },
    });
    await other.client.get('/api/v1/keys').set('Cookie', cookie).expect(200);
  });

  it('ends when ADMIN_KEY changes', async () => {
    const cookie = cookieOf((await signIn(testAdminKey)).headers);
    await using other = await startTestApp({
      clock,
      settings: {
        access: 'keys',
        baseUrl: 'https://go.example.com',
        adminKeys: ['another-admin-key-0123456789'],
      },
    });
    await other.client.get('/api/v1/links').set('Cookie', cookie).expect(401);
  });

  it('fails on the page with a wrong key, and as a problem elsewhere', async () => {
    const { text, headers } = await signIn('nonsense').expect(401);
    expect(text).toContain('This key is not valid.');
    expect(headers['set-cookie']).toBeUndefined();
    const { body } = await app.client
      .post('/session')
      .type('form')
      .send({ key: 'nonsense' })
      .expect(401);
    expect(body.errors).toMatchObject([{ pointer: 'key' }]);
  });

  it('clears the cookie on the way out, on any node', async () => {
    const cookie = cookieOf((await signIn(testAdminKey)).headers);
    app.cluster.become({ is: 'replica', primary: 'p' });
    const { headers } = await app.client.post('/session/end').set('Cookie', cookie).expect(303);
    app.cluster.become({ is: 'primary' });
    expect(String(headers['set-cookie'])).toMatch(/^__Host-hoplite-session=; Max-Age=0; /);
  });

  it('never counts beside an Authorization header', async () => {
    const cookie = cookieOf((await signIn(testAdminKey)).headers);
    await app.client
      .get('/api/v1/links')
      .set('Cookie', cookie)
      .set('Authorization', 'Bearer nonsense')
      .expect(401);
  });

  it.each([
    'x',
    '__Host-hoplite-session=',
    '__Host-hoplite-session=x',
    'hoplite-session=x; __Host-hoplite-session',
    `__Host-hoplite-session=${'a'.repeat(4_000)}`,
    '__Host-hoplite-session=a.00.99999999999999.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    ';;;=;',
  ])('is not what the cookie %j says', async (cookie) => {
    await app.client.get('/api/v1/links').set('Cookie', cookie).expect(401);
  });
});
