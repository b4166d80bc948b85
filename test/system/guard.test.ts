import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import { askNode } from '../../scripts/cluster/node-status.ts';
import {
  commandLine,
  findProcessesWith,
  identifyProcess,
} from '../../scripts/cluster/process-identity.ts';
import { until } from '../../scripts/cluster/until.ts';
import { readLease } from '../../src/cluster/litefs-info.ts';
import { startTestCluster } from '../support/cluster.ts';
import {
  allCaughtUp,
  createLink,
  edgeOf,
  primaryOf,
  redirectOf,
  untilWriteLands,
} from '../support/cluster-client.ts';
import {
  askGuard,
  compileGuard,
  guardLines,
  guardMetric,
  guardPid,
  residentBytes,
} from '../support/guard.ts';
import { follow, send } from '../support/send.ts';
import { startSteadyLoad } from '../support/steady-load.ts';
import { Way } from '../support/way.ts';

/** Consul's longest way to end a session, an election, and a busy machine. */
const patience = { timeoutMs: 60_000 };
/** With REAL_TTL=1 Consul ends sessions in its own time, so that what is printed is what people would wait. */
const realTtl = process.env.REAL_TTL === '1';
const maxResidentBytes = 60_000_000;
/** Of each node's log, when a test has failed. */
const linesShown = 60;

/** The ways that each node depends on: its own to Consul, and that of others to its LiteFS. */
const ways = new Map<string, { readonly consul: Way; readonly litefs: Way }>();
let grace = '60s';
let cluster: LocalCluster;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  compileGuard();
  for (const id of ['ams1', 'ams2', 'iad1', 'syd1', 'ams3']) {
    ways.set(id, {
      consul: stack.use(await Way.open()),
      litefs: stack.use(await Way.open()),
    });
  }
  cluster = await startTestCluster({
    variant: ({ id }) => ({
      env(given) {
        const { consul, litefs } = waysOf(id);
        consul.leadTo(given.CONSUL_URL as string);
        litefs.leadTo(given.LITEFS_URL as string);
        return {
          CONSUL_URL: consul.url,
          LITEFS_ADVERTISE_URL: litefs.url,
          LITEFS_CANDIDATE: String(id.startsWith('ams')),
          GUARD_GRACE: grace,
        };
      },
    }),
  });
  stack.use(cluster);
});
afterAll(() => stack[Symbol.asyncDispose]());
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const node of cluster.nodes) {
    const lines = readFileSync(node.logFile, 'utf8').trimEnd().split('\n');
    console.log([`the end of the log of ${node.id}`, ...lines.slice(-linesShown)].join('\n'));
  }
});

test('a LiteFS that is killed takes the app with it, and another node leads at once', async () => {
  const old = await primaryOf(cluster);
  await untilMarked(old);
  const { litefs } = await askGuard(old);
  const app = appOf(old);
  const gap = await writeGap(old, () => process.kill(litefs.pid, 'SIGKILL'));
  report('LiteFS killed on a living machine: writes back', gap);
  await until(() => !old.isRunning, { what: `the guard of ${old.id} has ended`, ...patience });
  expect(old.exit).toEqual({ code: 137, signal: null });
  expect(identifyProcess(app)).toBeUndefined();
  expect(guardLines(old, 'lease of the dead LiteFS').at(-1)).toMatchObject({ freed: true });
  expect(await cluster.findPrimary()).not.toBe(old);
  await comeBack(old);
});

test('a LiteFS that hangs is killed, and another node leads', async () => {
  const old = await primaryOf(cluster);
  const { litefs } = await askGuard(old);
  const gap = await writeGap(old, () => process.kill(litefs.pid, 'SIGSTOP'));
  report('LiteFS stopped: writes back', gap);
  await until(() => !old.isRunning, { what: `the guard of ${old.id} has ended`, ...patience });
  expect(guardLines(old, 'LiteFS does not answer and is killed')).toHaveLength(1);
  expect(await cluster.findPrimary()).not.toBe(old);
  await comeBack(old);
});

test('a candidate that was away does not lead before one that has everything: 100 links of 100 survive', async () => {
  const better = await primaryOf(cluster);
  const stale = otherCandidate(better);
  await allCaughtUp(cluster);
  await stale.kill();
  const slugs = await createMany(better, 'kept', 100);
  await untilMarked(better);
  await better.kill();
  await cluster.consul.destroySessions();
  await cluster.startNode(stale.id);
  await untilRefused(stale, 'behind');
  expect(await cluster.findPrimary()).toBeUndefined();
  await comeBack(better);
  expect(await cluster.findPrimary()).toBe(better);
  await allCaughtUp(cluster);
  for (const node of cluster.nodes) {
    for (const slug of slugs) expect(await follow(node.url, slug)).toBe(redirectOf(slug));
  }
});

test('but it does when no better one comes within the grace time, and says what is lost', async () => {
  const better = await primaryOf(cluster);
  const stale = otherCandidate(better);
  await stale.kill();
  await createMany(better, 'lost', 3);
  await untilMarked(better);
  const { mark } = await askGuard(better);
  await better.kill();
  await cluster.consul.destroySessions();
  grace = '2s';
  await cluster.startNode(stale.id);
  await until(async () => (await cluster.findPrimary()) === stale, {
    what: `${stale.id} leads`,
    ...patience,
  });
  grace = '60s';
  const message = 'takes the lease although it is behind: what is missing here is lost';
  expect(guardLines(stale, message).at(-1)).toMatchObject({
    level: 'error',
    why: 'grace',
    mark,
    own: { epoch: mark?.epoch, txid: expect.stringMatching(/^[0-9a-f]{16}$/) },
  });
  expect(await guardMetric(stale, 'acquires_total{allowed="true",why="grace"}')).toBe(1);
  await comeBack(better);
  expect(await cluster.findPrimary()).toBe(stale);
  for (const node of cluster.nodes) expect(await follow(node.url, 'lost-0')).toMatch(/^404/);
});

test('a primary whose Consul is silent steps down before another one leads', async () => {
  const old = await primaryOf(cluster);
  const heir = otherCandidate(old);
  const believes = watchBelief([old, heir]);
  const cutAt = performance.now();
  waysOf(old.id).consul.fallSilent();
  await until(async () => !(await holdsLease(old)), { what: `${old.id} steps down`, ...patience });
  report('Consul silent for the primary: it steps down', performance.now() - cutAt);
  if (!realTtl) await cluster.consul.destroySessions();
  await until(async () => (await cluster.findPrimary()) === heir, {
    what: `${heir.id} leads`,
    ...patience,
  });
  await untilWriteLands(cluster, edgeOf(cluster, 'iad'), 'consul-silent');
  report('Consul silent for the primary: writes back', performance.now() - cutAt);
  waysOf(old.id).consul.heal();
  await until(async () => (await askNode(old))?.primary === heir.id, {
    what: `${old.id} follows ${heir.id}`,
    ...patience,
  });
  const { both } = await believes.stop();
  expect(both, 'looks at which both believed to be primary').toBe(0);
  expect(await guardMetric(old, 'consul_calls_total{result="timeout"}')).toBeGreaterThan(0);
});

test('a primary that falls silent as a whole is replaced', async () => {
  const old = await primaryOf(cluster);
  const survivors = cluster.nodes.filter((node) => node !== old);
  // One that is behind what the primary has told Consul does not lead before the grace time.
  await allCaughtUp(cluster);
  const gap = await writeGap(old, async () => {
    waysOf(old.id).consul.fallSilent();
    waysOf(old.id).litefs.fallSilent();
    for (const node of survivors) {
      const cuts = () => guardMetric(node, 'relay_cuts_total{reason="silent"}');
      await until(async () => (await cuts()) > 0, {
        what: `the guard of ${node.id} cuts the stream`,
        ...patience,
      });
    }
    if (!realTtl) await cluster.consul.destroySessions();
  });
  report('primary silent: writes back', gap);
  waysOf(old.id).consul.heal();
  waysOf(old.id).litefs.heal();
  await allCaughtUp(cluster);
});

test('a handoff passes the relay', async () => {
  const old = await primaryOf(cluster);
  const heir = otherCandidate(old);
  await allCaughtUp(cluster);
  expect(await send(`${heir.liteFsUrl}/promote`, { method: 'POST' })).toMatchObject({
    status: 200,
  });
  await until(() => holdsLease(heir), { what: `${heir.id} leads`, ...patience });
  expect(guardLines(heir, 'lease acquired').at(-1)).toMatchObject({ handoff: true });
  await until(async () => (await askGuard(old)).lease.holder === heir.id, {
    what: `the guard of ${old.id} knows that its lease is gone`,
    ...patience,
  });
  await untilWriteLands(cluster, edgeOf(cluster, 'iad'), 'handed-over');
  await allCaughtUp(cluster);
});

test('a third candidate gets no place and does not lead, until one of the two is gone', async () => {
  const primary = await primaryOf(cluster);
  const second = otherCandidate(primary);
  const third = await cluster.add('ams3');
  await until(() => guardLines(third, placesTaken).length > 0, {
    what: `${third.id} says that there is no place for it`,
    ...patience,
  });
  expect(await askGuard(third)).toMatchObject({ candidate: false, place: null });

  // Not even by a handoff, which Consul would grant: the lease comes back, and not after 20 s.
  await send(`${third.liteFsUrl}/promote`, { method: 'POST' });
  await until(() => guardLines(third, 'handoff refused, lease freed').length > 0, {
    what: `${third.id} refuses the lease`,
    ...patience,
  });
  await untilWriteLands(cluster, edgeOf(cluster, 'iad'), 'refused');
  const heir = await primaryOf(cluster);
  expect([primary, second]).toContain(heir);

  const leaver = [primary, second].find((node) => node !== heir) as NodeProcess;
  process.kill(guardPid(leaver), 'SIGTERM');
  await until(() => !leaver.isRunning, { what: `${leaver.id} has ended`, ...patience });
  expect(leaver.exit).toEqual({ code: 0, signal: null });
  await until(async () => (await askGuard(third)).place !== null, {
    what: `${third.id} gets the place that became free`,
    ...patience,
  });
  await comeBack(leaver);
  expect(await askGuard(leaver)).toMatchObject({ candidate: false, place: null });
  expect((await askGuard(heir)).candidates.map(({ node }) => node).sort()).toEqual(
    [heir.id, third.id].sort(),
  );
});

test('a Consul that forgot everything gets the same fleet back', async () => {
  const before = await primaryOf(cluster);
  const clusterId = await clusterIdOf(before);
  await untilMarked(before);
  const gap = await writeGap(before, async () => {
    await cluster.consul.kill();
    await cluster.consul.start();
  });
  report('Consul wiped: writes back', gap);
  const now = await primaryOf(cluster);
  expect(await clusterIdOf(now)).toBe(clusterId);
  await untilMarked(now);
  expect((await askGuard(now)).mark).toMatchObject({ node: now.id });
  expect(await follow(now.url, 'kept-0')).toBe(redirectOf('kept-0'));
});

test('the guards are small after all this', async () => {
  const sizes = cluster.nodes
    .filter((node) => node.isRunning)
    .map((node) => [node.id, residentBytes(guardPid(node))] as const);
  report(`resident memory: ${sizes.map(([id, bytes]) => `${id} ${bytes}`).join(', ')} bytes`);
  for (const [id, bytes] of sizes) expect(bytes, id).toBeLessThanOrEqual(maxResidentBytes);
});

test('without its guard LiteFS leads no more, and redirects go on', async () => {
  const old = await primaryOf(cluster);
  const known = await untilWriteLands(cluster, edgeOf(cluster, 'ams'), 'unguarded');
  await using redirects = startSteadyLoad(() => follow(old.url, known));
  const killedAt = performance.now();
  process.kill(guardPid(old), 'SIGKILL');
  await until(async () => !(await holdsLease(old)), { what: `${old.id} steps down`, ...patience });
  report('guard killed: LiteFS steps down', performance.now() - killedAt);
  expect(Object.keys(await redirects.stop())).toEqual([redirectOf(known)]);
});

const placesTaken = 'both candidate places are taken: this node is no candidate';

function waysOf(id: string) {
  return ways.get(id) as { readonly consul: Way; readonly litefs: Way };
}

function otherCandidate(node: NodeProcess): NodeProcess {
  const found = ['ams1', 'ams2'].map((id) => cluster.node(id)).find((each) => each !== node);
  return found as NodeProcess;
}

/** Starts a node, waits until it follows or leads, and until writes land. */
async function comeBack(node: NodeProcess): Promise<void> {
  await cluster.startNode(node.id);
  for (const { id, isRunning } of cluster.nodes) if (isRunning) await cluster.waitUntilRouted(id);
  await untilWriteLands(cluster, edgeOf(cluster, 'iad'), `back-${node.id}`);
  await allCaughtUp(cluster);
}

/** How long it takes after `fault` until writes land at another primary than `old`, or at a later epoch; milliseconds. */
async function writeGap(old: NodeProcess, fault: () => unknown): Promise<number> {
  const epoch = (await askNode(old))?.epoch ?? Number.POSITIVE_INFINITY;
  const startedAt = performance.now();
  await fault();
  await until(
    async () => {
      const states = await Promise.all(cluster.nodes.map(askNode));
      return states.some((state) => state?.writerOpen && (state.epoch ?? 0) > epoch);
    },
    { what: 'another epoch has begun', ...patience },
  );
  await untilWriteLands(cluster, edgeOf(cluster, 'iad'), `gap-${Math.round(startedAt)}`);
  return performance.now() - startedAt;
}

async function createMany(at: NodeProcess, name: string, count: number): Promise<string[]> {
  const slugs = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  for (const slug of slugs) {
    expect(await createLink(cluster, at.url, slug)).toMatchObject({ status: 201 });
  }
  return slugs;
}

/** Waits until the mark is where the primary is. */
async function untilMarked(primary: NodeProcess): Promise<void> {
  await until(
    async () => {
      const [guard, app] = await Promise.all([askGuard(primary), askNode(primary)]);
      return app?.position !== undefined && guard.mark?.txid === app.position?.txid;
    },
    { what: 'the mark is raised', ...patience },
  );
}

async function untilRefused(node: NodeProcess, why: string): Promise<void> {
  const before = guardLines(node, 'must not take the lease').length;
  await until(
    () =>
      guardLines(node, 'must not take the lease')
        .slice(before === 0 ? 0 : before - 1)
        .some((line) => line.why === why),
    { what: `${node.id} is refused the lease`, ...patience },
  );
}

async function clusterIdOf(node: NodeProcess): Promise<string> {
  const info = (await (await fetch(`${node.liteFsUrl}/info`)).json()) as { clusterID: string };
  return info.clusterID;
}

async function holdsLease(node: NodeProcess): Promise<boolean> {
  const lease = await readLease(node.liteFsUrl, AbortSignal.timeout(1_000)).catch(() => undefined);
  return lease?.isPrimary ?? false;
}

/** Looks again and again who believes to be primary. */
function watchBelief(nodes: readonly NodeProcess[]) {
  let both = 0;
  const looks = startSteadyLoad(async () => {
    const believing = await Promise.all(nodes.map(holdsLease));
    if (believing.filter(Boolean).length > 1) both += 1;
    return 'looked';
  });
  return {
    async stop() {
      await looks.stop();
      return { both };
    },
  };
}

/** The process of a node's app. */
function appOf(node: NodeProcess): number {
  const app = findProcessesWith('GUARD_URL', node.guardUrl).find(({ pid }) =>
    commandLine(pid).includes('src/main.ts'),
  );
  return app?.pid as number;
}

function report(what: string, ms?: number): void {
  console.log(ms === undefined ? what : `${what} after ${(ms / 1000).toFixed(1)} s`);
}
