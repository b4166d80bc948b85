import { describe, expect, it } from 'vitest';
import { startControl } from '../../scripts/edge/control-listener.ts';
import { ask } from './ask.ts';
import { startTestEdge } from './start-test-edge.ts';
import { TestNode } from './test-node.ts';

const json = { 'content-type': 'application/json' };

async function start() {
  const stack = new AsyncDisposableStack();
  const test = stack.use(await startTestEdge([await TestNode.start('a1', 'ams')]));
  const control = stack.use(await startControl(test.edge, { host: '127.0.0.1', port: 0 }));
  const post = (path: string, body: unknown) =>
    ask(`${control.url}${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) });
  return { ...test, control, post, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe('the control listener', () => {
  it('tells what the edge tells', async () => {
    await using test = await start();
    await ask(test.ams);
    const told = JSON.parse((await ask(test.control.url)).body);
    const { urls, counters, knobs } = test.edge;
    expect(told).toEqual({ urls, counters, knobs, nodes: test.edge.nodes() });
    expect(told.counters.deliveries).toEqual({ a1: 1 });
  });

  it('sets faults and knobs, and starts counting again', async () => {
    await using test = await start();
    await test.post('/faults', { fault: 'state', node: 'a1', state: 'stopped' });
    expect((await ask(test.ams)).headers['fly-edge-error']).toBe('PC01');
    const faults = [
      { fault: 'clear' },
      { fault: 'partition', region: 'syd', node: 'a1' },
      { fault: 'delay', region: 'syd', node: 'a1', oneWayMs: 5 },
      { fault: 'health', node: 'a1', healthy: false },
      { fault: 'freeze-health' },
    ];
    for (const fault of faults) expect((await test.post('/faults', fault)).status).toBe(200);
    expect(test.edge.faults.isPartitioned('syd', 'a1')).toBe(true);
    expect(test.edge.faults.delayMs('syd', 'a1')).toBe(5);
    expect(test.edge.faults.healthFrozen).toBe(true);
    expect(test.edge.nodes()[0]?.healthy).toBe(false);
    await test.post('/faults', { fault: 'heal', region: 'syd', node: 'a1' });
    await test.post('/faults', { fault: 'thaw-health' });
    await test.post('/faults', { fault: 'health', node: 'a1', healthy: null });
    expect(test.edge.faults.isPartitioned('syd', 'a1')).toBe(false);
    expect(test.edge.faults.healthFrozen).toBe(false);
    expect(test.edge.nodes()[0]?.healthy).toBe(true);
    await test.post('/knobs', { bodyLimitBytes: 7 });
    expect(test.edge.knobs).toMatchObject({ bodyLimitBytes: 7, maxHops: 10 });
    await test.post('/counters/reset', {});
    expect(test.edge.counters).toMatchObject({ requests: 0, errors: {} });
  });

  it.each([
    ['/faults', { fault: 'earthquake' }],
    ['/faults', { fault: 'partition', region: 'ams', node: 'nobody' }],
    ['/faults', { fault: 'partition', region: 'xxx', node: 'a1' }],
    ['/knobs', { maxHop: 1 }],
    ['/knobs', []],
  ])('%s refuses %j', async (path, body) => {
    await using test = await start();
    const before = { ...test.edge.knobs };
    expect((await test.post(path, body)).status).toBe(400);
    expect(test.edge.knobs).toEqual(before);
  });

  it('refuses what a page in a browser could send, and what it does not know', async () => {
    await using test = await start();
    const form = await ask(`${test.control.url}/knobs`, { method: 'POST', body: '{"maxHops":1}' });
    expect(form.status).toBe(400);
    expect((await ask(`${test.control.url}/nothing`)).status).toBe(404);
  });
});
