import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import { until } from '../../scripts/cluster/until.ts';
import { startTestCluster } from '../support/cluster.ts';
import {
  allCaughtUp,
  createLink,
  edgeOf,
  primaryOf,
  redirectOf,
  untilWriteLands,
} from '../support/cluster-client.ts';
import { follow, send } from '../support/send.ts';
import { startSteadyLoad } from '../support/steady-load.ts';

const healMs = 40_000;

let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

test('without a primary and without Consul known links redirect on every node', async () => {
  expect(await createLink(cluster, edgeOf(cluster, 'ams'), 'known')).toMatchObject({ status: 201 });
  await allCaughtUp(cluster);
  const primary = await primaryOf(cluster);
  const survivors = cluster.nodes.filter((node) => node !== primary);
  const steady = survivors.filter((node) => node.id !== 'syd1');

  await cluster.consul.kill();
  await primary.kill();
  await using stack = new AsyncDisposableStack();
  const redirects = steady.map(({ url }) => stack.use(startSteadyLoad(() => follow(url, 'known'))));

  // Also on a node that restarts meanwhile, which finds neither Consul nor another node's word.
  const restarted = cluster.node('syd1');
  await restarted.stop();
  await cluster.startNode(restarted.id);
  await cluster.waitUntilRouted(restarted.id);
  for (const { url } of survivors) {
    expect(await follow(url, 'known')).toBe(redirectOf('known'));
    const unknown = await send(`${url}/unknown`);
    expect({ status: unknown.status, retry: unknown.headers.get('Retry-After') }).toEqual({
      status: 503,
      retry: '1',
    });
    const write = await createLink(cluster, url, 'nowhere-to-write');
    expect({ status: write.status, retry: write.headers.has('Retry-After') }).toEqual({
      status: 503,
      retry: true,
    });
  }
  // As long as the test looks: several turns of every time-out there is.
  await until(
    () => redirects.every(({ outcomes }) => (outcomes.get(redirectOf('known')) ?? 0) > 500),
    {
      what: 'each of the nodes has redirected 500 times',
      timeoutMs: healMs,
    },
  );
  for (const load of redirects) {
    expect(Object.keys(await load.stop())).toEqual([redirectOf('known')]);
  }
});

test('healed, unknown slugs are unknown again and writes land', async () => {
  await cluster.consul.start();
  for (const node of cluster.nodes) {
    if (!node.isRunning) await cluster.startNode(node.id);
    await cluster.waitUntilRouted(node.id);
  }
  for (const { id, url } of cluster.nodes) {
    await until(async () => (await follow(url, 'unknown')) === '404', {
      what: `${id} knows again that a slug is unknown`,
      timeoutMs: healMs,
    });
    expect(await follow(url, 'known')).toBe(redirectOf('known'));
  }
  const made = await untilWriteLands(cluster, edgeOf(cluster, 'syd'), 'healed');
  for (const { url } of cluster.nodes) expect(await follow(url, made)).toBe(redirectOf(made));
});
