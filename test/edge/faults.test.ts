import { describe, expect, it } from 'vitest';
import { startEdge } from '../../scripts/edge/edge.ts';
import { realisticLatency } from '../../scripts/edge/latency-table.ts';
import { ask } from './ask.ts';
import { ManualClock } from './manual-clock.ts';
import { startTestEdge } from './start-test-edge.ts';
import { replaying, TestNode } from './test-node.ts';
import { until } from './until.ts';

/** Goes on by what something waits for, once something does. */
async function elapse(clock: ManualClock, ms: number): Promise<void> {
  await until(() => clock.isAwaited(ms));
  clock.advance(ms);
}

describe('latency', () => {
  it('is paid on the way to the node and on the way back', async () => {
    const clock = new ManualClock();
    const node = await TestNode.start('s1', 'syd');
    await using test = await startTestEdge([node], { clock, latency: realisticLatency });
    let answered = false;
    const asked = ask(test.ams, { method: 'POST', body: 'x' }).finally(() => {
      answered = true;
    });
    await until(() => clock.isAwaited(130));
    clock.advance(129);
    expect(node.seen).toHaveLength(0);
    clock.advance(1);
    await until(() => node.seen.length === 1 && clock.isAwaited(130));
    clock.advance(129);
    expect(answered).toBe(false);
    clock.advance(1);
    expect((await asked).body).toBe('s1');
    expect(clock.monotonicMs()).toBe(260);
  });

  it('of a replay is that of both round trips', async () => {
    const clock = new ManualClock();
    const replica = await TestNode.start('s1', 'syd', replaying('region=ams'));
    const primary = await TestNode.start('a1', 'ams');
    const options = { clock, latency: realisticLatency };
    await using test = await startTestEdge([replica, primary], options);
    const asked = ask(test.syd, { method: 'POST', body: 'x' });
    for (const ms of [0.5, 0.5, 130, 130]) await elapse(clock, ms);
    expect((await asked).body).toBe('a1');
    expect(clock.monotonicMs()).toBe(261);
  });

  it('is paid for a refusal as well', async () => {
    const clock = new ManualClock();
    const gone = await TestNode.start('i1', 'iad');
    const other = await TestNode.start('s1', 'syd');
    await using test = await startTestEdge([gone, other], { clock, latency: realisticLatency });
    await gone.kill();
    const asked = ask(test.ams, { method: 'POST', body: 'x' });
    for (const ms of [42, 42, 130, 130]) await elapse(clock, ms);
    expect((await asked).body).toBe('s1');
    expect(clock.monotonicMs()).toBe(344);
  });

  it('decides who is the nearest also when it is not paid', async () => {
    const nodes = [await TestNode.start('a1', 'ams'), await TestNode.start('i1', 'iad')];
    await using test = await startTestEdge(nodes);
    expect((await ask(test.syd)).body).toBe('i1');
    expect((await ask(test.ams)).body).toBe('a1');
  });

  it('grows by what a fault adds to one link', async () => {
    const clock = new ManualClock();
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node], { clock, latency: realisticLatency });
    test.edge.faults.delay('iad', 'a1', 8);
    const asked = ask(test.iad);
    for (const ms of [50, 50]) await elapse(clock, ms);
    expect((await asked).body).toBe('a1');
    const other = ask(test.ams);
    for (const ms of [0.5, 0.5]) await elapse(clock, ms);
    await other;
  });

  it('keeps a stream in order and whole, whatever becomes of the delay', async () => {
    const clock = new ManualClock();
    const node = await TestNode.start('a1', 'ams', (request, response) => request.pipe(response));
    await using test = await startTestEdge([node], { clock });
    test.edge.faults.delay('ams', 'a1', 10);
    const parts = Array.from({ length: 20 }, (_, at) => Buffer.alloc(20_000, String(at)));
    let body: string | undefined;
    const asked = ask(test.ams, { method: 'POST', body: parts }).then((answer) => {
      body = answer.body;
    });
    for (let turn = 0; body === undefined; turn++) {
      test.edge.faults.delay('ams', 'a1', turn % 2 === 0 ? 1 : 10);
      clock.advance(10);
      await new Promise(setImmediate);
    }
    await asked;
    expect(body).toBe(Buffer.concat(parts).toString());
  });
});

describe('a partition', () => {
  it('has the edge try the next node when the time to connect is over', async () => {
    const clock = new ManualClock();
    const near = await TestNode.start('s1', 'syd');
    const next = await TestNode.start('i1', 'iad');
    const knobs = { connectTimeoutMs: 700 };
    await using test = await startTestEdge([near, next], { clock, knobs });
    test.edge.faults.partition('syd', 's1');
    const asked = ask(test.syd, { method: 'POST', body: 'x' });
    await elapse(clock, 700);
    expect((await asked).body).toBe('i1');
    expect(near.seen).toHaveLength(0);
    // The other edges still reach it.
    expect((await ask(test.ams, { headers: { 'fly-force-instance-id': 's1' } })).body).toBe('s1');
    test.edge.faults.heal('syd', 's1');
    expect((await ask(test.syd)).body).toBe('s1');
  });

  it('between edge and primary sends a replay back with a time-out', async () => {
    const clock = new ManualClock();
    const replica = await TestNode.start('s1', 'syd', (request, response, seen) => {
      const failed = request.headers['fly-replay-failed'];
      if (failed !== undefined) response.end(failed);
      else replaying('instance=a1;timeout=800ms;fallback=force_self')(request, response, seen);
    });
    const primary = await TestNode.start('a1', 'ams');
    const knobs = { connectTimeoutMs: 1_000 };
    await using test = await startTestEdge([replica, primary], { clock, knobs });
    test.edge.faults.partition('syd', 'a1');
    const asked = ask(test.syd, { method: 'POST', body: 'x' });
    await elapse(clock, 800);
    expect((await asked).body).toMatch(/;reason=timeout;elapsed_ms=800$/);
    expect(primary.seen).toHaveLength(0);
  });

  it('uses up the time-out of a replay for all its candidates', async () => {
    const clock = new ManualClock();
    const replica = await TestNode.start('s1', 'syd', (request, response, seen) => {
      const failed = request.headers['fly-replay-failed'];
      if (failed !== undefined) response.end(failed);
      else replaying('region=ams;timeout=800ms;fallback=force_self')(request, response, seen);
    });
    const first = await TestNode.start('a1', 'ams');
    const second = await TestNode.start('a2', 'ams');
    await using test = await startTestEdge([replica, first, second], { clock });
    test.edge.faults.partition('syd', 'a1');
    const asked = ask(test.syd);
    await elapse(clock, 800);
    expect((await asked).body).toMatch(/;reason=timeout;elapsed_ms=800$/);
    expect(second.seen).toHaveLength(0);
  });

  it('holds up what is under way, and lets it arrive when it heals', async () => {
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node]);
    let answered = false;
    node.handler = (_request, response) => {
      test.edge.faults.partition('ams', 'a1');
      response.end('late');
    };
    const asked = ask(test.ams).finally(() => {
      answered = true;
    });
    await until(() => node.seen[0]?.connection.destroyed === true || node.seen.length === 1);
    await test.edge.checkHealth();
    expect(answered).toBe(false);
    test.edge.faults.heal('ams', 'a1');
    expect((await asked).body).toBe('late');
  });

  it('leaves a node healthy: the check is the platform’s', async () => {
    const node = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([node]);
    test.edge.faults.partition('ams', 'a1');
    await test.edge.checkHealth();
    expect(test.edge.nodes()[0]).toMatchObject({ healthy: true, state: 'started' });
  });

  it('lets go of a request whose client went away', async () => {
    const node = await TestNode.start('a1', 'ams');
    const knobs = { connectTimeoutMs: 1_000_000 };
    const test = await startTestEdge([node], { knobs });
    test.edge.faults.partition('ams', 'a1');
    const asked = ask(test.ams);
    await until(() => test.edge.counters.requests === 1);
    await test[Symbol.asyncDispose]();
    await expect(asked).rejects.toThrow();
    expect(node.seen).toHaveLength(0);
  });
});

describe('a node', () => {
  it('that is stopped refuses and breaks what is under way; started, it serves again', async () => {
    const node = await TestNode.start('a1', 'ams', () => undefined);
    await using test = await startTestEdge([node]);
    const underWay = ask(test.ams);
    await until(() => node.seen.length === 1);
    test.edge.faults.setState('a1', 'stopped');
    expect((await underWay).headers['fly-edge-error']).toBe('PU02');
    expect((await ask(test.ams)).headers['fly-edge-error']).toBe('PC01');
    expect(node.seen).toHaveLength(1);
    node.handler = (_request, response) => response.end('a1');
    test.edge.faults.setState('a1', 'started');
    expect((await ask(test.ams)).body).toBe('a1');
  });

  it('that is unreachable is silent to every edge, and found unhealthy', async () => {
    const clock = new ManualClock();
    const hidden = await TestNode.start('a1', 'ams');
    const other = await TestNode.start('s1', 'syd');
    const knobs = { connectTimeoutMs: 700 };
    await using test = await startTestEdge([hidden, other], { clock, knobs });
    test.edge.faults.setState('a1', 'unreachable');
    const asked = ask(test.ams);
    await elapse(clock, 700);
    expect((await asked).body).toBe('s1');
    await test.edge.checkHealth();
    expect((await ask(test.ams)).body).toBe('s1');
    expect(test.edge.counters.failedConnections).toBe(1);
    test.edge.faults.clear();
    await test.edge.checkHealth();
    expect((await ask(test.ams)).body).toBe('a1');
  });

  it.each([true, false])(
    'that is stopped is started for a request only with autostart: %s',
    async (autostart) => {
      const node = await TestNode.start('a1', 'ams');
      await using test = await startTestEdge([node], { knobs: { autostart } });
      test.edge.faults.setState('a1', 'stopped');
      await test.edge.checkHealth();
      const answer = await ask(test.ams);
      expect(answer.headers['fly-edge-error'] ?? answer.body).toBe(autostart ? 'a1' : 'PR04');
      expect(test.edge.nodes()[0]?.state).toBe(autostart ? 'started' : 'stopped');
    },
  );
});

describe('health', () => {
  it('is asked at the path given; a node that is not well gets nothing, then all', async () => {
    const clock = new ManualClock();
    const node = await TestNode.start('a1', 'ams', (request, response) =>
      response.writeHead(request.url === '/ready' ? status : 200).end('a1'),
    );
    let status = 503;
    await using test = await startTestEdge([node], {
      clock,
      health: { path: '/ready', intervalMs: 1_000 },
      knobs: { maxAttempts: 1 },
    });
    expect((await ask(test.ams)).status).toBe(503);
    expect(test.edge.nodes()).toEqual([
      { id: 'a1', region: 'ams', url: node.url, app: 'hoplite', state: 'started', healthy: false },
    ]);
    status = 200;
    await elapse(clock, 1_000);
    await until(() => test.edge.nodes()[0]?.healthy === true);
    expect((await ask(test.ams)).body).toBe('a1');
    expect(node.healthChecks).toBe(0);
  });

  it.each([301, 404, 500])('a status of %i is not well', async (status) => {
    const node = await TestNode.start('a1', 'ams');
    node.health = status;
    await using test = await startTestEdge([node]);
    expect(test.edge.nodes()[0]?.healthy).toBe(false);
  });

  it('no answer in time is not well', async () => {
    const clock = new ManualClock();
    const node = await TestNode.start('a1', 'ams', () => undefined);
    await using edge = await startEdge({
      regions: ['ams'],
      nodes: [node],
      clock,
      health: { path: '/hangs', timeoutMs: 300, intervalMs: Number.POSITIVE_INFINITY },
    });
    await until(() => node.seen.length === 1);
    edge.faults.pinHealth('a1', true);
    expect(edge.nodes()[0]?.healthy).toBe(true);
    edge.faults.pinHealth('a1', undefined);
    await elapse(clock, 300);
    await until(() => node.seen[0]?.connection.destroyed === true);
    expect(edge.nodes()[0]?.healthy).toBe(false);
    await node.kill();
  });

  it('a new node gets its first request after its first good check, and a removed one none', async () => {
    const first = await TestNode.start('i1', 'iad');
    const second = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([first]);
    second.health = 503;
    test.edge.addNode(second);
    await until(() => second.healthChecks > 0);
    await test.edge.checkHealth();
    expect((await ask(test.ams)).body).toBe('i1');
    second.health = 200;
    await test.edge.checkHealth();
    expect((await ask(test.ams)).body).toBe('a1');
    test.edge.removeNode('a1');
    expect((await ask(test.ams)).body).toBe('i1');
    expect(test.edge.nodes().map(({ id }) => id)).toEqual(['i1']);
    expect(() => test.edge.addNode(first)).toThrow(/already/);
    await second.kill();
  });

  it('of a node that was replaced under the same id is its successor’s own', async () => {
    const late = Promise.withResolvers<() => void>();
    const first = await TestNode.start('a1', 'ams', (_request, response) =>
      late.resolve(() => response.end()),
    );
    const second = await TestNode.start('a1', 'ams', (_request, response) =>
      response.writeHead(503).end(),
    );
    const health = { path: '/ready', intervalMs: Number.POSITIVE_INFINITY };
    await using edge = await startEdge({ regions: ['ams'], nodes: [first], health });
    const answer = await late.promise;
    edge.removeNode('a1');
    edge.addNode(second);
    await until(() => second.seen.length === 1);
    answer();
    await until(() => first.seen[0]?.connection.destroyed === true);
    expect(edge.nodes()).toMatchObject([{ id: 'a1', url: second.url, healthy: false }]);
    await Promise.all([first.kill(), second.kill()]);
  });

  it('that is stale sends requests to a dead node first, and they still arrive', async () => {
    const dead = await TestNode.start('a1', 'ams');
    const alive = await TestNode.start('i1', 'iad');
    await using test = await startTestEdge([dead, alive]);
    test.edge.faults.freezeHealth();
    await dead.kill();
    await test.edge.checkHealth();
    expect(test.edge.nodes()[0]?.healthy).toBe(true);
    expect((await ask(test.ams, { method: 'POST', body: 'x' })).body).toBe('i1');
    expect(test.edge.counters.failedConnections).toBe(1);
    test.edge.faults.thawHealth();
    await test.edge.checkHealth();
    await ask(test.ams);
    expect(test.edge.counters.failedConnections).toBe(1);
  });

  it.each([
    ['wait', 'PR04'],
    ['try', 'a1'],
  ] as const)('of a node named in a replay: %s', async (unhealthyInstance, expected) => {
    const replica = await TestNode.start('s1', 'syd', replaying('instance=a1'));
    const primary = await TestNode.start('a1', 'ams');
    await using test = await startTestEdge([replica, primary], { knobs: { unhealthyInstance } });
    test.edge.faults.pinHealth('a1', false);
    const answer = await ask(test.syd);
    expect(answer.headers['fly-edge-error'] ?? answer.body).toBe(expected);
  });
});

describe('an edge', () => {
  it('leaves nothing running when a port is taken', async () => {
    await using first = await startEdge({ regions: ['ams'] });
    const { port } = new URL(first.urls.ams ?? '');
    const listen = { iad: { host: '127.0.0.1', port: Number(port) } };
    await expect(startEdge({ regions: ['ams', 'iad'], listen })).rejects.toThrow(/EADDRINUSE/);
  });

  it('refuses nodes that it could not send to', async () => {
    await using edge = await startEdge({ regions: ['ams'] });
    expect(() => edge.addNode({ id: 'a1', region: 'ams', url: 'https://x' })).toThrow(/http/);
    expect((await ask(edge.urls.ams ?? '')).headers['fly-edge-error']).toBe('PR04');
  });
});
