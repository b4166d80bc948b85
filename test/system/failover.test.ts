import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import { until } from '../../scripts/cluster/until.ts';
import { startTestCluster } from '../support/cluster.ts';
import {
  allCaughtUp,
  createLink,
  edgeOf,
  primaryOf,
  redirectOf,
  statusOf,
  untilWriteLands,
} from '../support/cluster-client.ts';
import { follow } from '../support/send.ts';
import { startSteadyLoad } from '../support/steady-load.ts';

/**
 * Consul frees a lease 15 to 20 s after the last sign of life, and a lock delay of 1 s follows (docs/facts.md, "Consul
 * doubles the TTL").
 */
const failoverMs = 40_000;

let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

test.for([
  { name: 'whose session is destroyed', run: 'quick', hasten: true },
  { name: 'whose session runs out', run: 'slow', hasten: false },
])('a primary that was killed and $name is followed by another one', async ({ run, hasten }) => {
  const known = await untilWriteLands(cluster, edgeOf(cluster, 'ams'), `known-${run}`);
  await allCaughtUp(cluster);
  const old = await primaryOf(cluster);
  const before = await statusOf(old);
  const survivors = cluster.nodes.filter((node) => node !== old);

  await using stack = new AsyncDisposableStack();
  const redirectsAt = (origin: string) => stack.use(startSteadyLoad(() => follow(origin, known)));
  const elsewhere = [
    ...survivors.map(({ url }) => redirectsAt(url)),
    ...['iad', 'syd'].map((region) => redirectsAt(edgeOf(cluster, region))),
  ];
  const besideIt = redirectsAt(edgeOf(cluster, 'ams'));
  let tried = 0;
  const writes = stack.use(startSteadyLoad(() => write(`${run}-${tried++}`)));

  await old.kill();
  if (hasten) await cluster.consul.destroySessions();
  const heir = await nextPrimary(old);
  await untilWriteLands(cluster, edgeOf(cluster, 'syd'), `${run}-after`);
  // A copy that is being written to cannot always tell.
  const epoch = await until(async () => (await statusOf(heir)).epoch ?? undefined, {
    what: 'the new primary tells its epoch',
    timeoutMs: failoverMs,
  });
  expect(epoch).toBeGreaterThan(before.epoch ?? Infinity);

  await cluster.startNode(old.id);
  await cluster.waitUntilRouted(old.id);
  const made = await untilWriteLands(cluster, edgeOf(cluster, 'iad'), `${run}-rejoined`);
  expect(await follow(old.url, made)).toBe(redirectOf(made));
  expect(await statusOf(old)).toMatchObject({ role: 'replica' });

  let redirected = 0;
  for (const load of elsewhere) {
    const outcomes = await load.stop();
    expect(Object.keys(outcomes)).toEqual([redirectOf(known)]);
    redirected += outcomes[redirectOf(known)] ?? 0;
  }
  expect(redirected).toBeGreaterThan(200);
  // The one that the primary had when it died is all that may be lost in its region.
  const { [redirectOf(known)]: _, ...broken } = await besideIt.stop();
  expect(sum(broken), JSON.stringify(broken)).toBeLessThanOrEqual(1);

  const { 201: __, '503 with Retry-After': refused = 0, ...others } = await writes.stop();
  // Where another one is there within WRITE_HOLD, writes are held until then, and none is refused.
  if (!hasten) expect(refused).toBeGreaterThan(0);
  expect(sum(others), JSON.stringify(others)).toBeLessThanOrEqual(1);
  expect(cluster.edge.counters.maxHops).toBe(1);
});

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function nextPrimary(old: NodeProcess): Promise<NodeProcess> {
  return until(
    async () => {
      const primary = await cluster.findPrimary();
      return primary === old ? undefined : primary;
    },
    { what: 'another node is primary', timeoutMs: failoverMs },
  );
}

async function write(slug: string): Promise<string> {
  const { status, headers } = await createLink(cluster, edgeOf(cluster, 'iad'), slug);
  return status === 503 && headers.has('Retry-After') ? '503 with Retry-After' : String(status);
}
