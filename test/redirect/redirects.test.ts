import { setImmediate as nextTick } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { makeLink } from '../support/make-link.ts';
import { exchangeRaw, rawRequest } from '../support/raw-http.ts';
import { renderTestProblem } from '../support/render-test-problem.ts';
import { type RedirectServer, startRedirectServer } from '../support/start-redirect-server.ts';

let server: RedirectServer;

afterEach(() => server[Symbol.asyncDispose]());

const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('a hit', () => {
  it.each([301, 302, 307, 308] as const)('on a link with code %i is redirected', async (code) => {
    server = await startRedirectServer();
    server.store.put(makeLink({ redirectCode: code, destination: 'https://example.com/?a#b' }));
    for (const method of ['GET', 'HEAD']) {
      const response = await server.fetch('/sale', { method });
      expect(response.status).toBe(code);
      expect(response.headers.get('location')).toBe('https://example.com/?a#b');
      expect(response.headers.get('cache-control')).toBe(
        code === 301 || code === 308 ? 'private, max-age=60' : 'private, no-store',
      );
      expect(response.headers.get('x-robots-tag')).toBe('noindex');
      expect(await response.text()).toBe('');
    }
    expect(server.outcomes).toEqual(new Map([['redirect', 2]]));
  });

  it.each(['/SALE', '/sale/', '/%73ale', '/sale?a=b', '/sale/?a=b'])(
    'at %s is one on /sale',
    async (target) => {
      server = await startRedirectServer();
      server.store.put(makeLink());
      expect((await server.fetch(target)).status).toBe(302);
    },
  );

  it.each([
    ['not_found', 404, { slug: 'other' }],
    ['not_found', 404, { notBefore: Date.UTC(2027, 0) }],
    ['gone', 410, { disabled: true }],
    ['gone', 410, { expiresAt: Date.UTC(2025, 0) }],
    ['blocked', 451, { blocked: true }],
    ['blocked', 451, { destination: 'javascript:alert(1)' }],
    ['blocked', 451, { destination: 'https://example.com/\r\nSet-Cookie: a=b' }],
  ] as const)('that comes to %s is a problem with %i', async (kind, status, link) => {
    server = await startRedirectServer();
    server.store.put(makeLink(link));
    const json = await server.fetch('/sale');
    expect(json.status).toBe(status);
    expect(json.headers.get('content-type')).toBe('application/problem+json');
    expect(await json.json()).toMatchObject({ kind, status });
    const page = await server.fetch('/sale', { headers: html });
    expect(page.status).toBe(status);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('<!doctype html>');
    const head = await server.fetch('/sale', { method: 'HEAD' });
    expect(head.status).toBe(status);
    expect(await head.text()).toBe('');
    for (const { headers } of [json, page, head]) {
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-robots-tag')).toBe('noindex');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; (?!.*unsafe)/);
      expect(headers.get('location')).toBeNull();
    }
    expect(server.outcomes).toEqual(new Map([[kind, 3]]));
  });

  it('on a link that begins later cannot be told from one on no link', async () => {
    server = await startRedirectServer();
    server.store.put(makeLink({ notBefore: Date.UTC(2027, 0) }));
    const [pending, unknown] = await Promise.all([server.fetch('/sale'), server.fetch('/none')]);
    expect(await pending.text()).toBe(await unknown.text());
  });

  it('follows the clock', async () => {
    server = await startRedirectServer();
    const { clock, store } = server;
    store.put(makeLink({ notBefore: clock.now() + 1000, expiresAt: clock.now() + 2000 }));
    expect((await server.fetch('/sale')).status).toBe(404);
    clock.advance(1000);
    expect((await server.fetch('/sale')).status).toBe(302);
    clock.advance(1000);
    expect((await server.fetch('/sale')).status).toBe(410);
  });

  it('takes its query along when the link says so', async () => {
    server = await startRedirectServer();
    server.store.put(makeLink({ forwardQuery: true, destination: 'https://example.com/?a=1' }));
    const response = await server.fetch('/sale/?a=2&b=%0d%0aX:y');
    expect(response.headers.get('location')).toBe('https://example.com/?a=1&b=%0d%0aX:y');
  });

  it('makes nothing of its Host header', async () => {
    server = await startRedirectServer();
    const page = await server.fetch('/sale', {
      headers: { ...html, 'X-Forwarded-Host': 'evil.example' },
    });
    expect([...page.headers.values()].join() + (await page.text())).not.toContain('evil');
  });
});

describe('what is no hit', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/x/y'],
    ['GET', '/sale+'],
    ['GET', '/robots.txt'],
    ['GET', '/favicon.ico'],
    ['GET', '/.well-known/security.txt'],
    ['GET', '/api'],
    ['GET', '/healthz'],
    ['GET', '/%zz'],
    ['GET', '//host'],
    ['GET', `/${'a'.repeat(65)}`],
    ['POST', '/sale'],
    ['DELETE', '/sale'],
    ['OPTIONS', '/sale'],
    ['PATCH', '/sale'],
  ])('is left to Express: %s %s', async (method, target) => {
    server = await startRedirectServer();
    server.store.put(makeLink());
    expect((await server.fetch(target, { method })).status).toBe(418);
    expect(server.passedOn).toEqual([target]);
    expect(server.store.reads).toEqual([]);
  });
});

describe('an unknown slug', () => {
  it('is looked up again once the node has caught up', async () => {
    const caughtUp = Promise.withResolvers<boolean>();
    server = await startRedirectServer({ catchUp: { catchUp: () => caughtUp.promise } });
    const answer = server.fetch('/sale');
    await eventually(() => expect(server.redirects.waiting).toBe(1));
    server.store.put(makeLink());
    caughtUp.resolve(true);
    expect((await answer).status).toBe(302);
    expect(server.redirects.waiting).toBe(0);
  });

  it('is only then not found', async () => {
    const caughtUp = Promise.withResolvers<boolean>();
    server = await startRedirectServer({ catchUp: { catchUp: () => caughtUp.promise } });
    const answer = server.fetch('/sale');
    await eventually(() => expect(server.redirects.waiting).toBe(1));
    expect(server.outcomes.size).toBe(0);
    caughtUp.resolve(true);
    expect((await answer).status).toBe(404);
  });

  it.each([
    ['cannot catch up', () => Promise.resolve(false)],
    ['fails to catch up', () => Promise.reject(new Error('broken'))],
  ])('is 503 on a node that %s', async (_, catchUp) => {
    server = await startRedirectServer({ catchUp: { catchUp } });
    const response = await server.fetch('/sale');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.text()).toContain('cannot reach the primary');
    expect(server.redirects.waiting).toBe(0);
  });

  it('waits with at most so many others; further ones are 503 at once', async () => {
    const caughtUp = Promise.withResolvers<boolean>();
    server = await startRedirectServer({
      catchUp: { catchUp: () => caughtUp.promise },
      maxWaiting: 3,
    });
    server.store.put(makeLink());
    const answers = Array.from({ length: 5 }, (_, at) => server.fetch(`/none${at}`));
    await eventually(() => expect(server.outcomes.get('unavailable')).toBe(2));
    expect(server.redirects.waiting).toBe(3);
    expect((await server.fetch('/sale')).status).toBe(302);
    caughtUp.resolve(true);
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([404, 404, 404, 503, 503]);
    expect(server.redirects.waiting).toBe(0);
  });

  it('stops no hit on a known one', async () => {
    server = await startRedirectServer({ catchUp: { catchUp: () => new Promise(() => {}) } });
    server.store.put(makeLink());
    const abort = new AbortController();
    const unknown = server.fetch('/none', { signal: abort.signal });
    await eventually(() => expect(server.redirects.waiting).toBe(1));
    expect((await server.fetch('/sale')).status).toBe(302);
    abort.abort();
    await expect(unknown).rejects.toThrow('aborted');
  });
});

describe('the time of a redirect', () => {
  it('is counted from its arrival, with all that it waited for', async () => {
    const caughtUp = Promise.withResolvers<boolean>();
    server = await startRedirectServer({ catchUp: { catchUp: () => caughtUp.promise } });
    const { clock, store } = server;
    const waits = [server.fetch('/sale'), server.fetch('/none')];
    await eventually(() => expect(server.redirects.waiting).toBe(2));
    clock.advance(40);
    store.put(makeLink(), makeLink({ slug: 'gone', disabled: true }));
    expect((await server.fetch('/gone')).status).toBe(410);
    expect((await server.fetch('/sale', { method: 'HEAD' })).status).toBe(302);
    caughtUp.resolve(true);
    await Promise.all(waits);
    // What is no redirect is not counted.
    expect(timesOf(server)).toEqual({ 0.00005: 1, 0.05: 1 });
    expect(server.redirects.times.sum).toBe(0.04);
  });

  it('ends when all answers of its tick are written', async () => {
    server = await startRedirectServer({
      renderProblem: (failure, request) => {
        server.clock.advance(3);
        return renderTestProblem(failure, request);
      },
    });
    server.store.put(makeLink(), makeLink({ slug: 'gone', disabled: true }));
    const targets = ['/sale', '/gone', '/sale', '/gone'];
    const bytes = targets.map((target) => rawRequest(target)).join('');
    await exchangeRaw(server.port, bytes + rawRequest('/x/y', { headers: ['Connection: close'] }));
    expect(timesOf(server)).toEqual({ 0.01: 2 });
    expect(server.redirects.times.sum).toBe(0.012);
  });
});

describe('a copy of the links', () => {
  it('that is busy is tried again until it can be read', async () => {
    server = await startRedirectServer();
    const { store } = server;
    store.put(makeLink());
    store.trouble = 'busy';
    const answer = server.fetch('/sale');
    await eventually(() => expect(store.reads.length).toBeGreaterThan(5));
    expect(server.redirects.waiting).toBe(1);
    store.trouble = undefined;
    expect((await answer).status).toBe(302);
    expect(server.redirects.waiting).toBe(0);
  });

  it('that is busy for 250 ms is 503', async () => {
    server = await startRedirectServer();
    const { store, clock } = server;
    store.trouble = 'busy';
    const answer = server.fetch('/sale');
    await eventually(() => expect(store.reads.length).toBeGreaterThan(5));
    clock.advance(249);
    const reads = store.reads.length;
    await eventually(() => expect(store.reads.length).toBeGreaterThan(reads + 5));
    expect(server.outcomes.size).toBe(0);
    clock.advance(1);
    const response = await answer;
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('that is busy holds up no link in memory', async () => {
    server = await startRedirectServer();
    const { store } = server;
    store.put(makeLink());
    expect((await server.fetch('/sale')).status).toBe(302);
    store.trouble = 'busy';
    const other = server.fetch('/other');
    await eventually(() => expect(server.redirects.waiting).toBe(1));
    expect((await server.fetch('/sale')).status).toBe(302);
    store.trouble = undefined;
    expect((await other).status).toBe(404);
  });

  it.each([
    ['does not exist yet', 'absent' as const, 'joining'],
    ['cannot be read', new Error('disk I/O error'), 'cannot read'],
  ])('that %s is 503 at once', async (_, trouble, detail) => {
    server = await startRedirectServer();
    server.store.trouble = trouble;
    const response = await server.fetch('/sale');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.text()).toContain(detail);
  });
});

describe('hits of one tick', () => {
  it('are read together and all answered', async () => {
    server = await startRedirectServer();
    const slugs = Array.from({ length: 1000 }, (_, at) => `link${at}`);
    server.store.put(
      ...slugs.map((slug) => makeLink({ slug, destination: `https://${slug}.example/` })),
    );
    // One write, which the server reads in one go: all are parsed before the tick begins.
    const bytes = slugs.map((slug) => `GET /${slug} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
    const answers = await exchangeRaw(
      server.port,
      bytes + rawRequest('/x/y', { headers: ['Connection: close'] }),
    );
    const locations = [...answers.matchAll(/^Location: (.*)\r$/gm)].map(([, location]) => location);
    expect(locations).toEqual(slugs.map((slug) => `https://${slug}.example/`));
    expect(server.store.reads.length).toBeLessThan(20);
    expect(server.outcomes).toEqual(new Map([['redirect', 1000]]));
  });

  it('are a hundred at most, so that nothing else waits for more; the others have the next ones', async () => {
    const caughtUp = Promise.withResolvers<boolean>();
    server = await startRedirectServer({ catchUp: { catchUp: () => caughtUp.promise } });
    server.store.put(makeLink());
    const targets = Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? '/sale' : '/none'));
    const answers = exchangeRaw(
      server.port,
      targets.map((target) => rawRequest(target)).join('') +
        rawRequest('/x/y', { headers: ['Connection: close'] }),
    );
    await eventually(() => expect(server.redirects.waiting).toBe(500));
    caughtUp.resolve(true);
    expect((await answers).match(/HTTP\/1\.1 (302|404)/g)).toHaveLength(1000);
    const sizes = server.recorder.ticks.map(
      ({ clicks, orphans }) => clicks.length + orphans.length,
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    expect(server.recorder.orphans).toHaveLength(500);
  });

  it('do not lose each other when one cannot be answered', async () => {
    const broken = new Error('no page');
    server = await startRedirectServer({
      renderProblem: () => {
        throw broken;
      },
    });
    server.store.put(makeLink());
    const targets = ['/sale', '/none', '/sale', '/none', '/sale'];
    const answers = await Promise.all(targets.map((target) => server.fetch(target)));
    expect(answers.map(({ status }) => status)).toEqual([302, 500, 302, 500, 302]);
    expect(server.errors).toEqual([broken, broken]);
  });

  it('do not lose each other when a client goes away', async () => {
    const caughtUp = Promise.withResolvers<boolean>();
    server = await startRedirectServer({ catchUp: { catchUp: () => caughtUp.promise } });
    const abort = new AbortController();
    const gone = server.fetch('/none', { signal: abort.signal });
    const staying = server.fetch('/other');
    await eventually(() => expect(server.redirects.waiting).toBe(2));
    abort.abort();
    await expect(gone).rejects.toThrow('aborted');
    await nextTick();
    caughtUp.resolve(true);
    expect((await staying).status).toBe(404);
    expect(server.errors).toEqual([]);
  });
});

/** How many redirects lie in each bucket that is not empty, by its upper bound in seconds. */
function timesOf({ redirects }: RedirectServer): Record<string, number> {
  const { bounds, counts } = redirects.times;
  const named = counts.map((count, at) => [bounds[at] ?? Infinity, count] as const);
  return Object.fromEntries(named.filter(([, count]) => count > 0));
}
