import { describe, expect, it } from 'vitest';
import type { Answered } from '../../scripts/edge/reach.ts';
import { ask } from './ask.ts';
import { startTestEdge } from './start-test-edge.ts';
import { type Handler, replaying, TestNode } from './test-node.ts';

const created: Handler = (_request, response) =>
  response.writeHead(201, { location: '/links/x', 'set-cookie': 'mine=1' }).end('made');

describe('a replay', () => {
  it('sends method, path, query, headers and body to the node named, once each', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('instance=a1;state=s'));
    const primary = await TestNode.start('a1', 'ams', created);
    await using test = await startTestEdge([replica, primary]);

    const answer = await ask(`${test.syd}/api/v1/links?a=1&b=%20`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', 'x-twice': ['1', '2'] },
      body: '{"a":1}',
    });

    expect(answer).toMatchObject({ status: 201, reason: 'Created', body: 'made' });
    expect(answer.headers).toMatchObject({ location: '/links/x', 'set-cookie': ['mine=1'] });
    expect(answer.headers['fly-replay']).toBeUndefined();
    expect([replica.seen.length, primary.seen.length]).toEqual([1, 1]);
    for (const seen of [replica.seen[0], primary.seen[0]]) {
      expect(seen).toMatchObject({ method: 'PATCH', path: '/api/v1/links?a=1&b=%20' });
      expect(seen?.headers).toMatchObject({
        'content-type': 'application/json',
        'content-length': '7',
        'x-twice': '1, 2',
        host: new URL(test.syd).host,
      });
      expect(seen?.body.toString()).toBe('{"a":1}');
    }
    const ids = [replica, primary].map((node) => node.seen[0]?.headers['fly-request-id']);
    expect(ids[0]).toBe(ids[1]);
    expect(answer.headers['fly-request-id']).toBe(ids[0]);
    expect(test.edge.counters).toEqual({
      requests: 1,
      deliveries: { s1: 1, a1: 1 },
      replays: 1,
      maxHops: 1,
      fallbacks: 0,
      failedConnections: 0,
      errors: {},
    });
  });

  it('is told to who watches: the node that answered, and how often it was sent on', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('instance=a1'));
    const primary = await TestNode.start('a1', 'ams', created);
    const answered: Answered[] = [];
    await using test = await startTestEdge([replica, primary], {
      onAnswer: (one) => answered.push(one),
    });
    const answers = [await ask(test.syd), await ask(test.ams)];
    expect(answered).toEqual([
      { requestId: answers[0]?.headers['fly-request-id'], node: 'a1', replays: 1 },
      { requestId: answers[1]?.headers['fly-request-id'], node: 'a1', replays: 0 },
    ]);
  });

  it.each([200, 204, 307, 409, 421, 500])(
    'is recognised whatever the status: %i',
    async (status) => {
      const replica = await TestNode.start('s1', 'syd', (_request, response) =>
        response.writeHead(status, { 'FLY-Replay': 'region=ams' }).end(),
      );
      const primary = await TestNode.start('a1', 'ams');
      await using test = await startTestEdge([replica, primary]);
      expect(await ask(test.syd)).toMatchObject({ status: 200, body: 'a1' });
    },
  );

  describe.each([';', ','] as const)('with %j in fly-replay-src', (separator) => {
    it('says which node and region asked, when, and with what state', async () => {
      const replica = await TestNode.start('s1', 'syd', replaying('region=ams;state=abc'));
      const primary = await TestNode.start('a1', 'ams');
      const knobs = { replaySrcSeparator: separator };
      await using test = await startTestEdge([replica, primary], { knobs });
      await ask(test.syd);
      const parts = primary.seen[0]?.headers['fly-replay-src']?.toString().split(separator);
      expect(parts).toEqual([
        'instance=s1',
        'region=syd',
        expect.stringMatching(/^t=1\d{15}$/),
        'state=abc',
      ]);
    });
  });

  describe.each(['keep', 'strip'] as const)('with a client’s own replay headers: %s', (setting) => {
    it('replaces them with the truth, and only the first delivery can carry them', async () => {
      const replica = await TestNode.start('s1', 'syd', replaying('region=ams'));
      const primary = await TestNode.start('a1', 'ams');
      const knobs = { clientReplayHeaders: setting };
      await using test = await startTestEdge([replica, primary], { knobs });
      const forged = { 'fly-replay-src': 'instance=evil', 'fly-replay-failed': 'reason=timeout' };
      await ask(test.syd, { headers: forged });
      const first = replica.seen[0]?.headers;
      expect(first?.['fly-replay-src']).toBe(setting === 'keep' ? 'instance=evil' : undefined);
      expect(first?.['fly-replay-failed']).toBe(setting === 'keep' ? 'reason=timeout' : undefined);
      expect(primary.seen[0]?.headers['fly-replay-src']).toMatch(/^instance=s1;region=syd;t=\d+$/);
      expect(primary.seen[0]?.headers['fly-replay-failed']).toBeUndefined();
    });
  });

  it.each([
    ['drop', ['mine=1']],
    ['keep', ['mine=1', 'theirs=1', 'theirs=2']],
  ] as const)('cookies of the replaying answer: %s', async (replayCookies, expected) => {
    const replica = await TestNode.start('s1', 'syd', (_request, response) => {
      response.writeHead(409, {
        'fly-replay': 'region=ams',
        'set-cookie': ['theirs=1', 'theirs=2'],
        'x-leak': 'yes',
      });
      response.end('dropped');
    });
    const primary = await TestNode.start('a1', 'ams', created);
    await using test = await startTestEdge([replica, primary], { knobs: { replayCookies } });
    const answer = await ask(test.syd);
    expect(answer.headers['set-cookie']).toEqual(expected);
    expect(answer.headers['x-leak']).toBeUndefined();
    expect(answer.body).toBe('made');
  });

  it('goes to the regions in their order, aliases included', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('region="gru,us,any"'));
    const near = await TestNode.start('a1', 'ams');
    const american = await TestNode.start('i1', 'iad');
    await using test = await startTestEdge([replica, near, american]);
    expect((await ask(test.syd)).body).toBe('i1');
  });

  it('elsewhere=true goes to any node but the one that asked', async () => {
    const asking = await TestNode.start('a1', 'ams', replaying('elsewhere=true'));
    const other = await TestNode.start('s1', 'syd');
    await using test = await startTestEdge([asking, other]);
    expect((await ask(test.ams)).body).toBe('s1');
  });

  it('prefer_instance goes there, and tells another node when it cannot', async () => {
    const replica = await TestNode.start(
      's1',
      'syd',
      replaying('prefer_instance=i1;elsewhere=true'),
    );
    const wanted = await TestNode.start('i1', 'iad');
    const other = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([replica, wanted, other]);
    expect((await ask(test.syd)).body).toBe('i1');
    expect(wanted.seen[0]?.headers['fly-preferred-instance-unavailable']).toBeUndefined();
    await wanted.kill();
    expect((await ask(test.syd)).body).toBe('a1');
    expect(other.seen[0]?.headers['fly-preferred-instance-unavailable']).toBe('i1');
  });

  it('app= goes to another app, and PA04 answers when there is none', async () => {
    const asking = await TestNode.start('a1', 'ams', (request, response) =>
      response
        .writeHead(409, { 'fly-replay': request.url === '/' ? 'app=other' : 'app=nobody' })
        .end(),
    );
    const other = await TestNode.start('o1', 'iad', undefined, 'other');
    await using test = await startTestEdge([asking, other]);
    expect((await ask(test.ams)).body).toBe('o1');
    expect(await ask(`${test.ams}/x`)).toMatchObject({
      status: 502,
      headers: { 'fly-edge-error': 'PA04' },
    });
    expect(test.edge.counters.errors).toEqual({ PA04: 1 });
  });

  it('to a node that does not exist is PR02, to a region without nodes PR04', async () => {
    const asking = await TestNode.start('a1', 'ams', (request, response) =>
      response
        .writeHead(409, { 'fly-replay': request.url === '/a' ? 'instance=nobody' : 'region=gru' })
        .end(),
    );
    await using test = await startTestEdge([asking]);
    expect((await ask(`${test.ams}/a`)).headers['fly-edge-error']).toBe('PR02');
    expect((await ask(`${test.ams}/b`)).headers['fly-edge-error']).toBe('PR04');
    expect(asking.seen).toHaveLength(2);
  });

  it('that cannot be understood is PA03, and its answer never reaches the client', async () => {
    const asking = await TestNode.start('a1', 'ams', replaying('to=ams'));
    await using test = await startTestEdge([asking]);
    const answer = await ask(test.ams, { method: 'POST', body: 'x' });
    expect(answer.status).toBe(502);
    expect(answer.body).toMatch(/^PA03/);
    expect(answer.headers['fly-replay']).toBeUndefined();
    expect(asking.seen).toHaveLength(1);
  });

  it('in JSON changes the path and the headers on the way', async () => {
    const instruction = {
      instance: 'a1',
      state: 'j',
      transform: {
        path: '/new?x=1',
        delete_headers: ['cookie'],
        set_headers: [
          { name: 'authorization', value: 'Bearer t' },
          { name: 'transfer-encoding', value: 'chunked' },
        ],
      },
    };
    const replica = await TestNode.start('s1', 'syd', (_request, response) =>
      response
        .writeHead(200, { 'Content-Type': 'Application/VND.fly.replay+json; charset=utf-8' })
        .end(JSON.stringify(instruction)),
    );
    const primary = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([replica, primary]);
    const answer = await ask(`${test.syd}/old`, {
      method: 'POST',
      headers: { cookie: 'a=b', authorization: 'Basic x' },
      body: 'body',
    });
    expect(answer.body).toBe('a1');
    const seen = primary.seen[0];
    expect(seen).toMatchObject({ method: 'POST', path: '/new?x=1' });
    expect(seen?.headers).toMatchObject({ authorization: 'Bearer t', 'content-length': '4' });
    expect(seen?.headers.cookie).toBeUndefined();
    expect(seen?.body.toString()).toBe('body');
    expect(seen?.headers['fly-replay-src']).toMatch(/state=j$/);
  });

  it.each(['{', `{"region":"any"}${' '.repeat(70_000)}`])(
    'in broken or endless JSON is PA03',
    async (text) => {
      const replica = await TestNode.start('s1', 'syd', (_request, response) =>
        response.writeHead(200, { 'content-type': 'application/vnd.fly.replay+json' }).end(text),
      );
      await using test = await startTestEdge([replica]);
      expect((await ask(test.syd)).headers['fly-edge-error']).toBe('PA03');
    },
  );
});

describe('the hop limit', () => {
  it('lets a request hop ten times, and answers PA02 to the eleventh', async () => {
    const a: TestNode = await TestNode.start('a1', 'ams', (request, response) => {
      const done = request.url === '/ten' && a.seen.length + b.seen.length === 11;
      response.writeHead(done ? 200 : 409, done ? {} : { 'fly-replay': 'elsewhere=true' }).end();
    });
    const b = await TestNode.start('s1', 'syd', (...args) => a.handler(...args));
    await using test = await startTestEdge([a, b]);
    expect((await ask(`${test.ams}/ten`, { method: 'POST', body: 'x' })).status).toBe(200);
    expect(test.edge.counters).toMatchObject({ maxHops: 10, replays: 10 });

    a.seen.length = b.seen.length = 0;
    test.edge.resetCounters();
    const answer = await ask(`${test.ams}/for-ever`, { method: 'POST', body: 'x' });
    expect(answer.headers['fly-edge-error']).toBe('PA02');
    expect(a.seen.length + b.seen.length).toBe(11);
    expect(test.edge.counters).toMatchObject({ maxHops: 10, errors: { PA02: 1 } });
  });

  it('takes fly-replay-src from the last node that asked', async () => {
    const first = await TestNode.start('a1', 'ams', replaying('instance=i1;state=one'));
    const second = await TestNode.start('i1', 'iad', replaying('instance=s1'));
    const third = await TestNode.start('s1', 'syd');
    await using test = await startTestEdge([first, second, third]);
    expect((await ask(test.ams)).body).toBe('s1');
    expect(third.seen[0]?.headers['fly-replay-src']).toMatch(/^instance=i1;region=iad;t=\d+$/);
  });
});
