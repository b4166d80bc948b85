import { readFileSync } from 'node:fs';
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
import { runAt } from '../support/node-command.ts';
import { follow } from '../support/send.ts';
import { startSteadyLoad } from '../support/steady-load.ts';

const roleMs = 40_000;
const handoffs = 20;

let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await startTestCluster({
    // On a busy machine a handoff takes longer than a client should wait. What counts here is that nothing fails.
    variant: () => ({ env: () => ({ WRITE_HOLD: '10000', HEALTH_NOTICE: '1500' }) }),
  });
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

/** Creates links through an edge, one after the other, until it is disposed of. */
function startWrites(region: string, made: { slug: string; atMs: number }[]) {
  let tried = 0;
  const run = `${region}-${performance.now().toFixed()}`;
  return startSteadyLoad(async () => {
    const slug = `${run}-${tried++}`;
    const { status } = await createLink(cluster, edgeOf(cluster, region), slug);
    if (status === 201) made.push({ slug, atMs: performance.now() });
    return String(status);
  });
}

/** Writes at every edge while `work` goes on; gives the links, all of which must have been made and must be there. */
async function underLoad(work: () => Promise<void>): Promise<readonly { atMs: number }[]> {
  const made: { slug: string; atMs: number }[] = [];
  await untilWriteLands(cluster, edgeOf(cluster, 'syd'), 'before');
  const known = await untilWriteLands(cluster, edgeOf(cluster, 'ams'), 'known');
  await allCaughtUp(cluster);
  const regions = ['ams', 'iad', 'syd'];
  const writes = regions.map((region) => startWrites(region, made));
  const redirects = regions.map((region) =>
    startSteadyLoad(() => follow(edgeOf(cluster, region), known)),
  );
  try {
    await work();
  } finally {
    for (const load of writes) expect(Object.keys(await load.stop())).toEqual(['201']);
    for (const load of redirects)
      expect(Object.keys(await load.stop())).toEqual([redirectOf(known)]);
  }
  await allCaughtUp(cluster);
  for (const { slug } of made) {
    expect(await follow(cluster.node('iad1').url, slug)).toBe(redirectOf(slug));
  }
  expect(cluster.edge.counters.maxHops).toBeLessThanOrEqual(1);
  return made.sort((a, b) => a.atMs - b.atMs);
}

/** Has the lease handed over by the command, run at a node. Tries again where the two have not found each other yet. */
function handOver(at: NodeProcess, ...options: string[]): Promise<RegExpMatchArray> {
  return until(
    async () => {
      const { stdout } = await runAt(cluster, at, ['handoff', ...options]);
      return stdout.match(/from (\w+) to (\w+); writes were held for (\d+) ms\n$/) ?? undefined;
    },
    { what: `the lease is handed over by a command at ${at.id}`, timeoutMs: roleMs },
  );
}

function other(node: NodeProcess): NodeProcess {
  return cluster.node(node.id === 'ams1' ? 'ams2' : 'ams1');
}

function primaryNow(): Promise<NodeProcess> {
  return until(() => cluster.findPrimary(), { what: 'there is a primary', timeoutMs: roleMs });
}

test(`${handoffs} handoffs back and forth, under writes at every edge, refuse and lose none`, async () => {
  const held: number[] = [];
  const made = await underLoad(async () => {
    for (let count = 0; count < handoffs; count++) {
      const before = await primaryOf(cluster);
      // By an operator at any node: the order finds the primary.
      const at = cluster.nodes[count % cluster.nodes.length] as NodeProcess;
      const [, from, to, heldMs] = await handOver(at);
      expect([from, to]).toEqual([before.id, other(before).id]);
      held.push(Number(heldMs));
      expect(await cluster.findPrimary()).toBe(other(before));
    }
  });
  expect(made.length).toBeGreaterThan(handoffs);
  const gaps = made.slice(1).map(({ atMs }, index) => atMs - (made[index]?.atMs ?? 0));
  process.stdout.write(
    `handoffs: ${handoffs}, writes: ${made.length}; writes held, ms: ${describe(held)}; between two answered writes, ms: ${describe(gaps)}\n`,
  );
  for (const node of cluster.nodes) {
    expect(node.isRunning, `${node.id} has never ended`).toBe(true);
    expect(readFileSync(node.logFile, 'utf8')).not.toContain('lost write access');
  }
  const counted = await Promise.all(
    ['ams1', 'ams2'].map(async (id) => {
      const metrics = await (await fetch(`${cluster.node(id).privateUrl}/metrics`)).text();
      return Number(/hoplite_handoffs_total\{outcome="handed_over"\} (\d+)/.exec(metrics)?.[1]);
    }),
  );
  expect(counted).toEqual([handoffs / 2, handoffs / 2]);
});

test('the node that hands over goes on as a replica', async () => {
  const before = await primaryOf(cluster);
  await handOver(before, '--to', other(before).id);
  await until(async () => (await statusOf(before)).role === 'replica', {
    what: `${before.id} follows`,
    timeoutMs: roleMs,
  });
  expect(await statusOf(before)).toMatchObject({ primary: other(before).id, writerOpen: false });
});

test.for(['SIGTERM', 'SIGINT'] as const)(
  'a primary that gets %s hands over, finishes, and ends with 0, while nothing is refused',
  async (signal) => {
    const before = await primaryOf(cluster);
    await underLoad(async () => {
      before.signal(signal);
      await until(() => !before.isRunning, { what: `${before.id} ends`, timeoutMs: roleMs });
      expect(before.exit).toEqual({ code: 0, signal: null });
      expect(await cluster.findPrimary()).toBe(other(before));
    });
    const log = readFileSync(before.logFile, 'utf8');
    // It closed everything, and was not cut off when the time was over.
    expect(log.slice(log.lastIndexOf('"msg":"lease handed over"'))).toContain('"msg":"closed"');
    await cluster.startNode(before.id);
    await cluster.waitUntilRouted(before.id);
  },
);

test('a handoff that cannot be is refused in words, and writes go on', async () => {
  const primary = await primaryNow();
  const candidate = other(primary);
  const refusals: [readonly string[], string][] = [
    [['--to', primary.id], `${primary.id} is the primary already.`],
    [
      ['--to', 'iad1'],
      `iad1 is no candidate: only ${candidate.id} can become primary instead of ${primary.id}.`,
    ],
  ];
  await underLoad(async () => {
    for (const [options, words] of refusals) {
      for (const at of [primary, cluster.node('syd1')]) {
        const { exitCode, stdout, stderr } = await runAt(cluster, at, ['handoff', ...options]);
        expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
        expect(stderr).toContain(words);
      }
    }
  });
  await candidate.stop();
  const { exitCode, stderr } = await runAt(cluster, primary, ['handoff']);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/There is no other candidate|does not answer, so the lease stays/);
  await untilWriteLands(cluster, edgeOf(cluster, 'iad'), 'goes-on');
});

test('a primary with nobody to hand over to gives the lease back, and ends with 0', async () => {
  const primary = await primaryNow();
  primary.signal('SIGTERM');
  await until(() => !primary.isRunning, { what: `${primary.id} ends`, timeoutMs: roleMs });
  expect(primary.exit).toEqual({ code: 0, signal: null });
  // Given back, not left to run out: it has it again before Consul would have let it go.
  await cluster.startNode(primary.id);
  await cluster.startNode(other(primary).id);
  await untilWriteLands(cluster, edgeOf(cluster, 'syd'), 'again');
});

function describe(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)]?.toFixed();
  return `min ${at(0)}, median ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`;
}
