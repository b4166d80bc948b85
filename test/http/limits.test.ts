import { describe, expect, it } from 'vitest';
import { WindowCounters } from '../../src/http/window-counters.ts';
import { listenArriving } from '../support/arriving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import {
  startTestApp,
  type TestApp,
  type TestAppOptions,
  testAdminKey,
} from '../support/test-app.ts';

const line = '/?url=https://example.com/';

async function start(options: TestAppOptions = {}) {
  const clock = fakeClock(Date.now());
  const app = await startTestApp({
    ...options,
    clock,
    settings: {
      writesPerMinute: 3,
      failedSignInsPerMinute: 3,
      trustProxy: 'fly',
      ...options.settings,
    },
  });
  return { app, clock };
}

const from = (address: string) => ({ 'Fly-Client-IP': address });

async function createKey(app: TestApp, address: string): Promise<string> {
  const { body } = await app.client
    .post('/api/v1/keys')
    .set(from(address))
    .set('Authorization', `Bearer ${testAdminKey}`)
    .send({ name: 'x' })
    .expect(201);
  return body.key;
}

describe('writes', () => {
  it('are limited per address, and go on in the next minute', async () => {
    const { app, clock } = await start();
    await using _ = app;
    const post = (address: string) => app.client.post(line).set(from(address));
    for (const left of [2, 1, 0]) {
      const { headers } = await post('192.0.2.1').expect(201);
      expect(headers.ratelimit).toMatch(`"writes-per-address"; r=${left}; t=`);
      expect(headers['ratelimit-policy']).toContain('"writes-per-address"; q=3; w=60');
    }
    const { body, headers } = await post('192.0.2.1').expect(429);
    expect(headers['retry-after']).toBe('60');
    expect(body.type).toBe('http://go.example.com/problems/rate-limited');
    await post('192.0.2.2').expect(201);
    clock.advance(59_999);
    await post('192.0.2.1').expect(429);
    clock.advance(1);
    await post('192.0.2.1').expect(201);
  });

  it('count an IPv6 network of 64 bits as one address', async () => {
    const { app } = await start();
    await using _ = app;
    const post = (address: string) => app.client.post(line).set(from(address));
    await post('2001:db8:0:1::1').expect(201);
    await post('2001:db8:0:1:ffff::2').expect(201);
    await post('2001:db8:0:1::3').expect(201);
    await post('2001:db8:0:1::4').expect(429);
    await post('2001:db8:0:2::1').expect(201);
  });

  it('are limited per key, wherever it is used', async () => {
    const { app } = await start();
    await using _ = app;
    const [one, two] = [await createKey(app, '192.0.2.1'), await createKey(app, '192.0.2.1')];
    const post = (address: string, key: string) =>
      app.client.post(line).set(from(address)).set('Authorization', `Bearer ${key}`);
    for (const address of ['198.51.100.1', '198.51.100.2', '198.51.100.3']) {
      const { headers } = await post(address, one).expect(201);
      expect(headers['ratelimit-policy']).toContain('"writes-per-key"; q=3; w=60');
    }
    await post('198.51.100.4', one).expect(429);
    await post('198.51.100.5', two).expect(201);
  });

  it('of the admin key are limited per address, of operators not at all', async () => {
    const { app } = await start();
    await using _ = app;
    for (let count = 0; count < 3; count += 1) await createKey(app, '127.0.0.1');
    await app.client.post(line).expect(429);
    await using operators = await listenArriving(app.app, { via: 'operator', body: undefined });
    const url = `http://127.0.0.1:${operators.port}${line}`;
    expect((await fetch(url, { method: 'POST' })).status).toBe(201);
  });

  it('that nodes send here count for the address of the client', async () => {
    const { app } = await start();
    await using _ = app;
    const statusFrom = async (clientAddress: string) => {
      const arrival = { via: 'node', caller: 'client', clientAddress } as const;
      await using server = await listenArriving(app.app, arrival);
      const url = `http://127.0.0.1:${server.port}${line}`;
      return (await fetch(url, { method: 'POST', headers: from('192.0.2.9') })).status;
    };
    for (let count = 0; count < 3; count += 1) expect(await statusFrom('192.0.2.1')).toBe(201);
    expect(await statusFrom('192.0.2.1')).toBe(429);
    expect(await statusFrom('192.0.2.2')).toBe(201);
  });

  it('are counted on the primary alone', async () => {
    const { app } = await start({ role: { is: 'replica', primary: 'p' } });
    await using _ = app;
    for (let count = 0; count < 10; count += 1) await app.client.options(line);
    const send = async () =>
      (await fetch(`http://127.0.0.1:${app.port}${line}`, { method: 'POST' })).status;
    for (let count = 0; count < 10; count += 1) expect(await send()).toBe(418);
  });

  it('that are refused for other reasons count too', async () => {
    const { app } = await start();
    await using _ = app;
    for (let count = 0; count < 3; count += 1) await app.client.post('/').expect(400);
    await app.client.post(line).expect(429);
  });

  it('are counted by the address of the socket when the client names another', async () => {
    const { app } = await start({ settings: { trustProxy: 'none' } });
    await using _ = app;
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
      await app.client
        .post(line)
        .set(from(address))
        .set('X-Forwarded-For', address)
        .set('X-Real-IP', address)
        .set('Forwarded', `for=${address}`)
        .expect(201);
    }
    await app.client.post(line).set(from('192.0.2.4')).expect(429);
  });
});

describe('wrong keys', () => {
  it('are limited per address, on the form and in headers alike', async () => {
    const { app, clock } = await start({ settings: { access: 'keys', writesPerMinute: 100 } });
    await using _ = app;
    const signIn = (address: string, key: string) =>
      app.client.post('/session').set(from(address)).type('form').send({ key });
    const read = (address: string, key: string) =>
      app.client.get('/api/v1/links').set(from(address)).set('Authorization', `Bearer ${key}`);
    await signIn('192.0.2.1', 'wrong').expect(401);
    await read('192.0.2.1', 'wrong').expect(401);
    await signIn('192.0.2.1', 'wrong').expect(401);
    const { headers } = await read('192.0.2.1', testAdminKey).expect(429);
    expect(headers['retry-after']).toBe('60');
    await signIn('192.0.2.1', testAdminKey).expect(429);
    await read('192.0.2.2', testAdminKey).expect(200);
    clock.advance(60_000);
    await signIn('192.0.2.1', testAdminKey).expect(303);
  });

  it('do not count against right ones', async () => {
    const { app } = await start({ settings: { access: 'keys' } });
    await using _ = app;
    for (let count = 0; count < 10; count += 1) {
      await app.client
        .get('/api/v1/links')
        .set('Authorization', `Bearer ${testAdminKey}`)
        .expect(200);
    }
  });
});

describe('counters', () => {
  it('bound their memory, forgetting the window that began first', () => {
    const counters = new WindowCounters(60_000, fakeClock());
    for (let source = 0; source <= 100_000; source += 1) counters.increment(`source ${source}`);
    expect(counters.get('source 0')).toBeUndefined();
    expect(counters.get('source 1')).toMatchObject({ totalHits: 1 });
    expect(counters.get('source 100000')).toMatchObject({ totalHits: 1 });
  });

  it('count on through a jump of the wall clock', () => {
    const clock = fakeClock();
    const counters = new WindowCounters(60_000, clock);
    counters.increment('a');
    clock.setNow(0);
    expect(counters.increment('a').totalHits).toBe(2);
    clock.setNow(Date.UTC(2100, 0));
    expect(counters.increment('a').totalHits).toBe(3);
  });

  it('take back and reset', () => {
    const counters = new WindowCounters(60_000, fakeClock());
    counters.increment('a');
    counters.decrement('a');
    expect(counters.get('a')).toMatchObject({ totalHits: 0 });
    counters.resetKey('a');
    expect(counters.get('a')).toBeUndefined();
  });
});
