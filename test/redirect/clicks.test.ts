import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClickRecorder } from '../../src/domain/click-recorder.ts';
import { eventually } from '../support/eventually.ts';
import { FakeRecorder } from '../support/fake-recorder.ts';
import { makeLink } from '../support/make-link.ts';
import { exchangeRaw, rawRequest } from '../support/raw-http.ts';
import { type RedirectServer, startRedirectServer } from '../support/start-redirect-server.ts';

let server: RedirectServer;
let recorder: FakeRecorder;

beforeEach(() => start());

afterEach(() => server[Symbol.asyncDispose]());

describe('a click', () => {
  it('is a GET that is redirected, by the id of its link', async () => {
    server.store.put(
      makeLink({ id: 2, slug: 'more', forwardQuery: true }),
      makeLink({ id: 2 ** 53 - 1, slug: 'last', expiresAt: server.clock.now() + 1 }),
    );
    for (const target of ['/sale', '/more?a=b', '/last', '/SALE/']) {
      expect((await server.fetch(target)).status).toBe(302);
    }
    expect(recorder.linkIds).toEqual([7, 2, 2 ** 53 - 1, 7]);
    expect(recorder.orphans).toEqual([]);
  });

  it('is recorded with its request, at the time of its tick', async () => {
    server.clock.advance(1234);
    await server.fetch('/sale', { headers: { Referer: 'https://news.example/' } });
    const [tick] = recorder.ticks;
    expect(tick?.nowMs).toBe(server.clock.now());
    expect(tick?.clicks[0]?.request.rawHeaders).toContain('https://news.example/');
    expect(tick?.clicks[0]?.request.socket.remoteAddress).toMatch(/127\.0\.0\.1$/);
  });

  it.each([
    ['a HEAD', 302, 'HEAD', '/sale'],
    ['a HEAD of no link', 404, 'HEAD', '/none'],
    ['a link that begins later', 404, 'GET', '/later'],
    ['a link that was switched off', 410, 'GET', '/gone'],
    ['a link that was taken down', 451, 'GET', '/blocked'],
    ['a POST', 418, 'POST', '/sale'],
    ['what can be no slug', 418, 'GET', '/no+slug'],
  ])('is not %s', async (_, status, method, target) => {
    server.store.put(
      makeLink({ id: 2, slug: 'later', notBefore: server.clock.now() + 1 }),
      makeLink({ id: 3, slug: 'gone', disabled: true }),
      makeLink({ id: 4, slug: 'blocked', blocked: true }),
    );
    expect((await server.fetch(target, { method })).status).toBe(status);
    expect(recorder.ticks).toEqual([]);
  });

  it('is not one that gets no redirect for want of a copy', async () => {
    for (const trouble of ['absent', new Error('disk I/O error')] as const) {
      server.store.trouble = trouble;
      expect((await server.fetch('/sale')).status).toBe(503);
    }
    expect(recorder.ticks).toEqual([]);
  });

  it('is recorded before any byte of its answer is sent, with all clicks of its tick', async () => {
    const answered: number[] = [];
    recorder.sync = () => {
      answered.push(server.outcomes.get('redirect') ?? 0);
      return undefined;
    };
    const bytes = rawRequest('/sale').repeat(1000);
    await exchangeRaw(server.port, bytes + rawRequest('/x/y', { headers: ['Connection: close'] }));
    expect(recorder.linkIds).toHaveLength(1000);
    // Before each append, all that was answered is what the appends before it held.
    const sizes = recorder.ticks.map(({ clicks }) => clicks.length);
    expect(answered).toEqual(sizes.map((_, at) => sum(sizes.slice(0, at))));
    expect(recorder.ticks.length).toBeLessThan(20);
  });

  it('is recorded once, when it is answered after waiting', async () => {
    server.store.trouble = 'busy';
    const answers = ['/sale', '/sale', '/none'].map((target) => server.fetch(target));
    await eventually(() => expect(server.store.reads.length).toBeGreaterThan(5));
    expect(recorder.ticks).toEqual([]);
    server.store.trouble = undefined;
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual([302, 302, 404]);
    expect([recorder.linkIds, recorder.orphans]).toEqual([[7, 7], ['none']]);
  });
});

describe('an orphan', () => {
  it('is a GET of a slug that still has no link when the node has caught up', async () => {
    const caughtUp = Promise.withResolvers<boolean>();
    await restart({ catchUp: { catchUp: () => caughtUp.promise } });
    const answers = ['/None', '/soon'].map((target) => server.fetch(target));
    await eventually(() => expect(server.redirects.waiting).toBe(2));
    expect(recorder.ticks).toEqual([]);
    server.store.put(makeLink({ id: 8, slug: 'soon' }));
    caughtUp.resolve(true);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([404, 302]);
    expect([recorder.linkIds, recorder.orphans]).toEqual([[8], ['None']]);
  });

  it('is none while nobody can tell whether there is a link', async () => {
    await restart({ catchUp: { catchUp: async () => false } });
    expect((await server.fetch('/none')).status).toBe(503);
    expect(recorder.ticks).toEqual([]);
  });

  it('is none that is turned away because too many wait', async () => {
    await restart({ maxWaiting: 0 });
    expect((await server.fetch('/none')).status).toBe(503);
    expect(recorder.ticks).toEqual([]);
  });
});

describe('with a sync of the disk per tick', () => {
  let syncs: PromiseWithResolvers<void>[];

  beforeEach(() => syncTicks());

  it('an answer waits for its own tick, and the next ticks go on', async () => {
    const first = server.fetch('/sale');
    await eventually(() => expect(syncs).toHaveLength(1));
    const second = server.fetch('/sale');
    await eventually(() => expect(syncs).toHaveLength(2));
    expect(server.outcomes.size).toBe(0);
    expect(server.redirects.waiting).toBe(2);
    syncs[1]?.resolve();
    expect((await second).status).toBe(302);
    expect(server.outcomes).toEqual(new Map([['redirect', 1]]));
    syncs[0]?.resolve();
    expect((await first).status).toBe(302);
    expect(server.redirects.waiting).toBe(0);
  });

  it('what is no click goes out at once, unless it came with one', async () => {
    server.store.put(makeLink({ id: 3, slug: 'gone', disabled: true }));
    const click = server.fetch('/sale');
    await eventually(() => expect(syncs).toHaveLength(1));
    expect((await server.fetch('/sale', { method: 'HEAD' })).status).toBe(302);
    expect((await server.fetch('/gone')).status).toBe(410);
    syncs[0]?.resolve();
    expect((await click).status).toBe(302);
  });

  it('answers go out in one burst, in their order', async () => {
    const targets = ['/sale', '/none', '/sale', '/x/y', '/sale'];
    const bytes = targets.map((target) => rawRequest(target)).join('');
    const answers = exchangeRaw(
      server.port,
      bytes + rawRequest('/sale', { headers: ['Connection: close'] }),
    );
    await eventually(() => expect(recorder.linkIds.length + recorder.orphans.length).toBe(5));
    for (const { resolve } of syncs) resolve();
    const statuses = [...(await answers).matchAll(/HTTP\/1\.1 (\d+)/g)];
    expect(statuses.map(([, status]) => status)).toEqual([
      '302',
      '404',
      '302',
      '418',
      '302',
      '302',
    ]);
  });

  it('a hit that waits for the primary is not answered with those of its tick', async () => {
    const caughtUp = Promise.withResolvers<boolean>();
    await restart({ catchUp: { catchUp: () => caughtUp.promise } });
    syncTicks();
    // Both in one tick: one finds its link and waits for the disk, the other one for the primary.
    const bytes = rawRequest('/sale') + rawRequest('/none', { headers: ['Connection: close'] });
    const answers = exchangeRaw(server.port, bytes);
    await eventually(() => expect(server.redirects.waiting).toBe(2));
    caughtUp.resolve(true);
    await eventually(() => expect(syncs).toHaveLength(2));
    syncs[0]?.resolve();
    await eventually(() => expect(server.outcomes.get('redirect')).toBe(1));
    expect(server.outcomes.get('not_found')).toBeUndefined();
    syncs[1]?.resolve();
    expect((await answers).match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 302', 'HTTP/1.1 404']);
    expect(server.outcomes.get('not_found')).toBe(1);
  });

  it('so many clicks wait; further ones are 503 at once, and not recorded', async () => {
    await restart({ maxWaiting: 3 });
    syncTicks();
    const waiting = [];
    for (const count of [1, 2, 3]) {
      waiting.push(server.fetch(count === 2 ? '/none' : '/sale'));
      await eventually(() => expect(syncs).toHaveLength(count));
    }
    for (const target of ['/sale', '/none']) {
      const refused = await server.fetch(target);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    }
    expect((await server.fetch('/sale', { method: 'HEAD' })).status).toBe(302);
    expect([recorder.linkIds, recorder.orphans]).toEqual([[7, 7], ['none']]);
    syncs[0]?.resolve();
    expect((await waiting[0])?.status).toBe(302);
    waiting.push(server.fetch('/sale'));
    await eventually(() => expect(syncs).toHaveLength(4));
    for (const { resolve } of syncs) resolve();
    const statuses = (await Promise.all(waiting)).map(({ status }) => status);
    expect(statuses).toEqual([302, 404, 302, 302]);
    expect(recorder.linkIds).toHaveLength(3);
  });

  function syncTicks(): void {
    syncs = [];
    recorder.sync = () => {
      const sync = Promise.withResolvers<void>();
      syncs.push(sync);
      return sync.promise;
    };
  }
});

describe('a recorder with a defect', () => {
  const broken = new Error('broken');
  const fail = (): never => {
    throw broken;
  };

  it.each<[string, Partial<ClickRecorder>]>([
    ['add', { add: fail, addOrphan: fail }],
    ['append', { append: fail }],
    ['sync', { append: () => Promise.reject(broken) }],
  ])('stops no redirect and is told to the log once a minute: %s', async (_, defect) => {
    await restart({ recorder: Object.assign(new FakeRecorder(), defect) });
    const follow = async () => {
      expect((await server.fetch('/sale')).status).toBe(302);
      expect((await server.fetch('/none')).status).toBe(404);
    };
    await follow();
    await follow();
    expect(server.errors).toEqual([broken]);
    server.clock.advance(60_000);
    await follow();
    expect(server.errors).toEqual([broken, broken]);
  });

  it('loses no other click of the tick', async () => {
    const picky = new FakeRecorder();
    const add = picky.add.bind(picky);
    picky.add = (linkId, request) => {
      if (request.rawHeaders.includes('odd')) throw broken;
      add(linkId, request);
    };
    await restart({ recorder: picky });
    const bytes = [[], ['X-A: odd'], [], ['Connection: close']]
      .map((headers) => rawRequest('/sale', { headers }))
      .join('');
    const answers = await exchangeRaw(server.port, bytes);
    expect(answers.match(/^HTTP\/1\.1 302/gm)).toHaveLength(4);
    expect(picky.linkIds).toEqual([7, 7, 7]);
  });
});

async function start(given: Parameters<typeof startRedirectServer>[0] = {}): Promise<void> {
  recorder = new FakeRecorder();
  server = await startRedirectServer({ recorder, ...given });
  server.store.put(makeLink({ id: 7 }));
}

async function restart(given: Parameters<typeof startRedirectServer>[0]): Promise<void> {
  await server[Symbol.asyncDispose]();
  await start(given);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
