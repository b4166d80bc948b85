import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import {
  commandLine,
  findProcessesWith,
  killProcess,
} from '../../scripts/cluster/process-identity.ts';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { until } from '../../scripts/cluster/until.ts';
import { readClickCounts, readUnconfirmed } from '../support/click-counts.ts';
import { startTestCluster } from '../support/cluster.ts';
import { allCaughtUp, createLink, edgeOf, primaryOf } from '../support/cluster-client.ts';
import { exitOf } from '../support/cluster-command.ts';
import { HitLedger } from '../support/hit-ledger.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { bearer } from '../support/send.ts';

const rounds = 20;
const patienceMs = 60_000;
/** Each hit of a node's two clients rests so long: the nodes share two cores. */
const pace = { connections: 2, restMs: 10 };

type Part = 'app' | 'litefs' | 'node';
const victims: readonly { readonly role: 'primary' | 'replica'; readonly part: Part }[] = [
  { role: 'replica', part: 'node' },
  { role: 'primary', part: 'node' },
  { role: 'replica', part: 'litefs' },
  { role: 'primary', part: 'app' },
  { role: 'replica', part: 'app' },
  { role: 'primary', part: 'litefs' },
];

let cluster: LocalCluster;
const slugs = Array.from({ length: 100 }, (_, n) => `link-${n}`);
beforeAll(async () => {
  // A guard would not let a stale node lead.
  cluster = await startTestCluster({ guard: false });
  await Promise.all(slugs.map((slug) => createLink(cluster, edgeOf(cluster, 'ams'), slug)));
  await allCaughtUp(cluster);
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

test('a second process finds the spool of a node taken, and ends', async () => {
  const [node] = cluster.nodes as [NodeProcess];
  const app = findProcessesWith('LITEFS_ADVERTISE_URL', node.liteFsUrl).find(({ pid }) =>
    commandLine(pid).includes('src/main.ts'),
  );
  const environ = readFileSync(`/proc/${app?.pid}/environ`, 'utf8').split('\0').filter(Boolean);
  const env = Object.fromEntries(environ.map((entry) => entry.split(/=(.*)/s, 2)));
  const second = spawn(process.execPath, ['src/main.ts'], {
    cwd: projectDir,
    env: { ...env, PORT: '0', PRIVATE_PORT: '0' },
  });
  const [exitCode, ...said] = await Promise.all([
    exitOf(second),
    text(second.stderr),
    text(second.stdout),
  ]);
  expect(said.join('')).toContain('another Hoplite works in');
  expect(exitCode).toBe(1);
});

test('a fleet whose nodes, LiteFS and primary are killed counts what it answered, exactly', async () => {
  const ledger = new HitLedger(slugs);
  const random = seededRandom('fleet');
  const stops = cluster.nodes.map(({ url }) => ledger.start(url, pace));
  for (let round = 0; round < rounds; round += 1) {
    const { role, part } = victims[round % victims.length] as (typeof victims)[number];
    const victim = await choose(role, round);
    const enough = ledger.answered + (random.bytes(1)[0] ?? 0);
    await until(() => ledger.answered >= enough, {
      what: 'hits are answered',
      timeoutMs: patienceMs,
    });
    await killPart(victim, part);
    if (role === 'primary') await cluster.consul.destroySessions();
    await victim.kill();
    await cluster.startNode(victim.id);
    await cluster.waitUntilRouted(victim.id);
  }
  for (const stop of stops) await stop();
  await expectExact(ledger);
  expect([...ledger.refused.keys()].filter((status) => status !== 503)).toEqual([]);
});

test('a primary that was taken back in time counts again what it had lost', async () => {
  const ledger = new HitLedger(slugs);
  // Both candidates are in the primary region; one of them misses all that comes now.
  const primary = await primaryOf(cluster);
  const stale = cluster.nodes.find(
    (node) => node.plan.candidate && node !== primary,
  ) as NodeProcess;
  const before = await readClickCounts(primary.url, asAdmin());
  await stale.kill();
  const others = cluster.nodes.filter((node) => node !== stale);
  const stops = others.map(({ url }) => ledger.start(url, pace));
  await until(() => ledger.answered >= 1_000, { what: 'hits are answered', timeoutMs: patienceMs });
  for (const stop of stops) await stop();
  await untilConfirmed(others);

  // The one that has all of it goes, and the stale one leads: everybody is taken back to what it has.
  await primary.kill();
  await cluster.consul.destroySessions();
  await cluster.startNode(stale.id);
  await cluster.waitUntilRouted(stale.id);
  await until(async () => (await cluster.findPrimary()) === stale, {
    what: 'the stale candidate is primary',
    timeoutMs: patienceMs,
  });
  await cluster.startNode(primary.id);
  await cluster.waitUntilRouted(primary.id);
  await expectExact(ledger, before);
});

function asAdmin() {
  return { headers: bearer(cluster.adminKey) };
}

/** Waits until every copy counts the clicks of its node, and the counts of each node are what they must be. */
async function expectExact(
  ledger: HitLedger,
  before: ReadonlyMap<string, number> = new Map(),
): Promise<void> {
  await untilConfirmed(cluster.nodes);
  for (const { id, url } of cluster.nodes) {
    let mistakes: readonly string[] = [];
    await until(
      async () => {
        const counts = await readClickCounts(url, asAdmin());
        const since = [...counts].map(([slug, count]) => [slug, count - (before.get(slug) ?? 0)]);
        mistakes = ledger.findMistakes(new Map(since as [string, number][]));
        return mistakes.length === 0;
      },
      { what: `${id} counts exactly`, timeoutMs: 15_000 },
    ).catch((error: Error) => {
      expect({ id, mistakes, error: error.message }).toEqual({ id, mistakes: [] });
    });
  }
}

async function untilConfirmed(nodes: readonly NodeProcess[]): Promise<void> {
  for (const { id, privateUrl } of nodes) {
    await until(async () => (await readUnconfirmed(privateUrl)) === 0, {
      what: `all clicks of ${id} are counted`,
      timeoutMs: patienceMs,
    });
  }
}

async function choose(role: 'primary' | 'replica', round: number): Promise<NodeProcess> {
  const primary = await until(() => cluster.findPrimary(), {
    what: 'a node is primary',
    timeoutMs: patienceMs,
  });
  if (role === 'primary') return primary;
  const replicas = cluster.nodes.filter((node) => node !== primary);
  return replicas[round % replicas.length] as NodeProcess;
}

/** `kill -9` of a part of a node; what is left of it notices, and ends by itself or with the node. */
async function killPart(node: NodeProcess, part: Part): Promise<void> {
  const wanted = { app: 'src/main.ts', litefs: 'litefs mount', node: '' }[part];
  for (const found of findProcessesWith('LITEFS_ADVERTISE_URL', node.liteFsUrl)) {
    if (commandLine(found.pid).includes(wanted)) killProcess(found);
  }
  await until(() => !node.isRunning, { what: `LiteFS of ${node.id} ends`, timeoutMs: patienceMs });
}
