import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ask } from './ask.ts';
import { ManualClock } from './manual-clock.ts';
import { startTestEdge } from './start-test-edge.ts';
import { type Handler, replaying, TestNode } from './test-node.ts';
import { until } from './until.ts';

const post = { method: 'POST', body: 'once' };

/** Answers what it was told about a failed replay, and asks for one otherwise. */
function fallingBack(instruction: string): Handler {
  return (request, response, seen) => {
    const failed = request.headers['fly-replay-failed'];
    if (failed === undefined) replaying(instruction)(request, response, seen);
    else response.writeHead(503).end(failed);
  };
}

describe('a request', () => {
  it('goes to the nearest node, and to the next one when that refuses', async () => {
    const near = await TestNode.start('s1', 'syd');
    const next = await TestNode.start('i1', 'iad');
    const far = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([far, next, near]);
    expect((await ask(test.syd)).body).toBe('s1');
    await near.kill();
    expect((await ask(test.syd, post)).body).toBe('i1');
    expect(next.seen.map(({ body }) => body.toString())).toEqual(['once']);
    await next.kill();
    expect((await ask(test.syd, post)).body).toBe('a1');
    expect(test.edge.counters).toMatchObject({
      deliveries: { s1: 1, i1: 1, a1: 1 },
      failedConnections: 3,
      errors: {},
    });
  });

  it('takes turns among the nodes of a region', async () => {
    const nodes = [await TestNode.start('a1', 'ams'), await TestNode.start('a2', 'ams')];
    await using test = await startTestEdge(nodes);
    for (let turn = 0; turn < 6; turn++) await ask(test.ams);
    expect(test.edge.counters.deliveries).toEqual({ a1: 3, a2: 3 });
  });

  it('is answered by the edge when no node can be connected to', async () => {
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node]);
    await node.kill();
    const refused = await ask(test.ams, post);
    expect(refused).toMatchObject({ status: 502, headers: { 'fly-edge-error': 'PC01' } });
    await test.edge.checkHealth();
    const nobody = await ask(test.ams, post);
    expect(nobody).toMatchObject({ status: 503, headers: { 'fly-edge-error': 'PR04' } });
    expect(test.edge.counters.deliveries).toEqual({});
  });

  it('waits for a node that comes back within the retries', async () => {
    const node = await TestNode.start('a1', 'ams');
    const knobs = { maxAttempts: 1_000_000 };
    await using test = await startTestEdge([node], { knobs });
    await node.kill();
    const answer = ask(test.ams, post);
    await until(() => test.edge.counters.failedConnections > 3);
    await node.listen();
    expect((await answer).body).toBe('a1');
    expect(node.seen).toHaveLength(1);
  });
});

describe('the routing headers of a client', () => {
  it.each([
    [{ 'fly-prefer-region': 'syd' }, 's1', 'i1'],
    [{ 'fly-prefer-region': 'gru,apac' }, 's1', 'i1'],
    [{ 'fly-prefer-instance-id': 's1' }, 's1', 'i1'],
    [{ 'fly-force-region': 'syd' }, 's1', 'PR04'],
    [{ 'fly-force-region': 'gru' }, 'PR04', 'PR04'],
    [{ 'fly-force-instance-id': 's1' }, 's1', 'PR04'],
    [{ 'fly-force-instance-id': 'nobody' }, 'PR02', 'PR02'],
    [{ 'fly-prefer-instance-id': 'nobody' }, 'i1', 'i1'],
  ] as const)('%j: %s while all are well, %s without syd', async (headers, well, without) => {
    const near = await TestNode.start('i1', 'iad');
    const far = await TestNode.start('s1', 'syd');
    await using test = await startTestEdge([near, far]);
    const whoAnswers = async () => {
      const answer = await ask(test.iad, { headers });
      return answer.headers['fly-edge-error'] ?? answer.body;
    };
    expect(await whoAnswers()).toBe(well);
    far.health = 503;
    await test.edge.checkHealth();
    expect(await whoAnswers()).toBe(without);
    const preferred = (headers as Record<string, string>)['fly-prefer-instance-id'];
    expect(near.seen.at(-1)?.headers['fly-preferred-instance-unavailable']).toBe(preferred);
  });
});

describe('a replay to a node that cannot be connected to', () => {
  it('goes to no other node, and ends in an error without a fallback', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('instance=a1'));
    const primary = await TestNode.start('a1', 'ams');
    const other = await TestNode.start('a2', 'ams');
    await using test = await startTestEdge([replica, primary, other]);
    await primary.kill();
    expect((await ask(test.syd, post)).headers['fly-edge-error']).toBe('PC01');
    expect([replica.seen.length, other.seen.length]).toEqual([1, 0]);
  });

  it.each([
    ['instance=a1;fallback=force_self', 'instance=a1;app=hoplite;region=ams', 'retries_exhausted'],
    ['region=ams;fallback=force_self', 'app=hoplite;region=ams', 'retries_exhausted'],
    ['region="eu,gru";fallback=prefer_self', 'app=hoplite;region="eu,gru"', 'retries_exhausted'],
    ['instance=nobody;fallback=prefer_self', 'instance=nobody;app=hoplite', 'no_candidate'],
    ['region=gru;fallback=force_self', 'app=hoplite;region=gru', 'no_candidate'],
    [
      'instance=a1;timeout=30ms;fallback=force_self',
      'instance=a1;app=hoplite;region=ams',
      'timeout',
    ],
  ])('%s: goes back to the node that asked, and says why', async (instruction, whereto, reason) => {
    const replica = await TestNode.start('s1', 'syd', fallingBack(`${instruction};state=x`));
    const primary = await TestNode.start('a1', 'ams');
    const other = await TestNode.start('s2', 'syd');
    const knobs = { maxAttempts: reason === 'timeout' ? 1_000_000 : 4 };
    await using test = await startTestEdge([replica, primary, other], { knobs });
    await primary.kill();
    const answer = await ask(test.syd, {
      ...post,
      headers: { 'fly-prefer-instance-id': 's1' },
    });
    expect(answer.status).toBe(503);
    expect(answer.body.replace(/elapsed_ms=\d+$/, 'elapsed_ms=')).toBe(
      `${whereto};replay_source=s1;reason=${reason};elapsed_ms=`,
    );
    expect(replica.seen.map(({ body }) => body.toString())).toEqual(['once', 'once']);
    expect(replica.seen[1]?.headers['fly-replay-src']).toBeUndefined();
    expect(other.seen).toHaveLength(0);
    expect(test.edge.counters).toMatchObject({ replays: 1, maxHops: 1, fallbacks: 1, errors: {} });
  });

  it('cannot be asked for a second time by the node it went back to', async () => {
    const replica = await TestNode.start('s1', 'syd', replaying('instance=a1;fallback=force_self'));
    const primary = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([replica, primary]);
    await primary.kill();
    expect((await ask(test.syd, post)).headers['fly-edge-error']).toBe('PA02');
    expect(replica.seen).toHaveLength(2);
  });

  it.each([
    ['force_self', 'PC01'],
    ['prefer_self', 's2'],
  ])('%s, and the node that asked is gone too: %s', async (fallback, expected) => {
    const replica = await TestNode.start(
      's1',
      'syd',
      replaying(`instance=a1;fallback=${fallback}`),
    );
    const other = await TestNode.start('s2', 'syd');
    const primary = await TestNode.start('a1', 'ams');
    const knobs = { maxAttempts: Number.POSITIVE_INFINITY };
    await using test = await startTestEdge([replica, other, primary], { knobs });
    await primary.kill();
    const asked = ask(test.syd, { ...post, headers: { 'fly-prefer-instance-id': 's1' } });
    await until(() => test.edge.counters.failedConnections > 0);
    await replica.kill();
    test.edge.knobs.maxAttempts = 4;
    const answer = await asked;
    expect(answer.headers['fly-edge-error'] ?? answer.body).toBe(expected);
    expect(replica.seen).toHaveLength(1);
  });

  it('falls back with the request as it was before a transform', async () => {
    const replica = await TestNode.start('s1', 'syd', (request, response) => {
      if (request.headers['fly-replay-failed'] !== undefined) response.end('back');
      else {
        const transform = { path: '/new', delete_headers: ['x-keep'] };
        response.writeHead(200, { 'content-type': 'application/vnd.fly.replay+json' });
        response.end(JSON.stringify({ instance: 'nobody', fallback: 'force_self', transform }));
      }
    });
    await using test = await startTestEdge([replica]);
    expect((await ask(`${test.syd}/old`, { headers: { 'x-keep': '1' } })).body).toBe('back');
    expect(replica.seen[1]).toMatchObject({ path: '/old', headers: { 'x-keep': '1' } });
  });
});

describe('an error after the connection was made', () => {
  it.each(['POST', 'GET', 'PUT'])('never has a %s sent a second time', async (method) => {
    const broken = await TestNode.start('s1', 'syd', (request) => {
      request.on('end', () => request.socket.destroy()).resume();
    });
    const other = await TestNode.start('i1', 'iad');
    await using test = await startTestEdge([broken, other]);
    const answer = await ask(test.syd, { method, ...(method === 'GET' ? {} : { body: 'once' }) });
    expect(answer).toMatchObject({ status: 502, headers: { 'fly-edge-error': 'PU02' } });
    expect([broken.seen.length, other.seen.length]).toEqual([1, 0]);
  });

  it('never falls back to the node that asked for the replay', async () => {
    const replica = await TestNode.start(
      's1',
      'syd',
      replaying('instance=a1;timeout=5s;fallback=force_self'),
    );
    const primary = await TestNode.start('a1', 'ams', (request) => {
      request.on('end', () => request.socket.resetAndDestroy()).resume();
    });
    await using test = await startTestEdge([replica, primary]);
    expect((await ask(test.syd, post)).headers['fly-edge-error']).toBe('PU02');
    expect([replica.seen.length, primary.seen.length]).toEqual([1, 1]);
    expect(test.edge.counters).toMatchObject({ fallbacks: 0, errors: { PU02: 1 } });
  });

  it('does not come from a connection used before: each delivery has its own', async () => {
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node]);
    for (let turn = 0; turn < 3; turn++) await ask(test.ams, post);
    expect(new Set(node.seen.map(({ connection }) => connection)).size).toBe(3);
  });

  it('is the end of an answer that has begun: the client sees it broken off', async () => {
    const node = await TestNode.start('a1', 'ams', (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.socket?.destroy());
    });
    await using test = await startTestEdge([node]);
    await expect(ask(test.ams)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    await until(() => test.edge.counters.errors.PU02 === 1);
    expect(test.edge.counters.deliveries).toEqual({ a1: 1 });
  });

  it('leaves the client’s connection usable when it was still sending', async () => {
    const node = await TestNode.start('a1', 'ams', (request, response) => {
      if (request.method === 'GET') response.end('again');
      else request.socket.destroy();
    });
    await using test = await startTestEdge([node]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const parts = Array.from({ length: 50 }, () => Buffer.alloc(100_000));
    const failed = await ask(test.ams, { method: 'POST', body: parts, agent });
    expect(failed.headers['fly-edge-error']).toBe('PU02');
    expect((await ask(test.ams, { agent })).body).toBe('again');
    agent.destroy();
  });

  it('is a node that does not begin to answer in time', async () => {
    const node = await TestNode.start('a1', 'ams', () => undefined);
    await using test = await startTestEdge([node], { knobs: { answerTimeoutMs: 20 } });
    expect((await ask(test.ams)).headers['fly-edge-error']).toBe('PU02');
    await until(() => node.seen[0]?.connection.destroyed === true);
  });

  it('is not a node that takes its time once it has begun', async () => {
    const clock = new ManualClock();
    const begun = Promise.withResolvers<() => void>();
    const node = await TestNode.start('a1', 'ams', (_request, response) => {
      response.write('slow', () => begun.resolve(() => response.end(' and whole')));
    });
    const knobs = { answerTimeoutMs: 60_000 };
    await using test = await startTestEdge([node], { clock, knobs });
    const asked = ask(test.ams);
    const finish = await begun.promise;
    await until(() => !clock.isAwaited(60_000));
    clock.advance(60_000);
    finish();
    expect((await asked).body).toBe('slow and whole');
  });
});
