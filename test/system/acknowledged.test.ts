import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import { until } from '../../scripts/cluster/until.ts';
import { startTestCluster } from '../support/cluster.ts';
import { createLink, edgeOf, primaryOf, sendAsAdmin } from '../support/cluster-client.ts';
import { type MuteRelay, startMuteRelay } from '../support/mute-relay.ts';
import { runHoplite } from '../support/run-hoplite.ts';
import { startSteadyLoad } from '../support/steady-load.ts';
import { TestFolder } from '../support/test-database.ts';

/** Consul frees a lease up to 20 s after the last sign of life; then come a lock delay and a look for the lease. */
const failoverMs = 60_000;

let cluster: LocalCluster;
let consulUrl = '';
/** Between each candidate and Consul. */
const relays = new Map<string, MuteRelay>();
/** What each node's environment has besides, when it is started again. */
const env = new Map<string, Record<string, string>>();
/** All of it, for the command line. */
const wholeEnv = new Map<string, Record<string, string>>();

beforeAll(async () => {
  for (const id of ['ams1', 'ams2']) {
    const relay = await startMuteRelay(() => cluster?.consul.url ?? consulUrl);
    relays.set(id, relay);
  }
  cluster = await startTestCluster({
    variant: ({ id }) => ({
      env: (given) => {
        consulUrl ||= given.CONSUL_URL ?? '';
        const relay = relays.get(id);
        const set = Object.entries(given).filter(([, value]) => value !== undefined);
        wholeEnv.set(id, Object.fromEntries(set) as Record<string, string>);
        return { ...(relay && { CONSUL_URL: relay.url }), ...env.get(id) };
      },
    }),
  });
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  for (const relay of relays.values()) await relay[Symbol.asyncDispose]();
});

test('a write is replicated while the other candidate keeps up, and says so everywhere', async () => {
  const { primary, other } = await candidates();
  await untilReplicated(primary);
  const before = await readMetrics(primary);
  for (let count = 0; count < 200; count += 1) {
    expect(await writeAt(primary)).toEqual({ status: 201, durability: 'replicated' });
  }
  const after = await readMetrics(primary);
  const grew = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  expect(grew('hoplite_writes_total{durability="replicated"}')).toBe(200);
  expect(grew('hoplite_writes_total{durability="local"}')).toBe(0);
  expect(after.get('hoplite_lease_fence_open')).toBe(1);
  expect(after.get('hoplite_acknowledgement_breaker_open')).toBe(0);
  expect(after.get(`hoplite_other_candidate{node="${other.id}"}`)).toBe(1);
  expect(await readStatus(primary)).toMatchObject({
    durability: 'replicated',
    otherCandidate: other.id,
    lease: { holder: primary.id, isOurs: true },
  });
  // A replica does not know what a write would be, and says the same of the lease.
  expect(await readStatus(cluster.node('syd1'))).toMatchObject({
    durability: null,
    lease: { holder: primary.id, isOurs: false },
  });
  const bounds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];
  const within = bounds.map(
    (bound) =>
      `${bound * 1000} ms: ${grew(`hoplite_acknowledgement_seconds_bucket{le="${bound}"}`)}`,
  );
  console.log(`of 200 acknowledgements there were within ${within.join(', ')}`);
});

test('without the other candidate one write waits, the next ones do not, and replicas do not stand in for it', async () => {
  const { primary, other } = await candidates();
  const waitsOver = async (seconds: number) => {
    const metrics = await readMetrics(primary);
    const all = metrics.get('hoplite_acknowledgement_seconds_count') ?? 0;
    return all - (metrics.get(`hoplite_acknowledgement_seconds_bucket{le="${seconds}"}`) ?? 0);
  };
  const before = await waitsOver(0.5);
  const pid = await readLiteFsPid(other);
  process.kill(pid, 'SIGSTOP');
  try {
    for (let count = 0; count < 20; count += 1) {
      expect(await writeAt(primary)).toEqual({ status: 201, durability: 'local' });
    }
    expect((await waitsOver(0.5)) - before, 'writes that waited').toBe(1);
    expect(await readStatus(primary)).toMatchObject({ durability: 'local' });
    const metrics = await readMetrics(primary);
    expect(metrics.get('hoplite_acknowledgement_breaker_open')).toBe(1);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await untilReplicated(primary);

  // Gone altogether is known at once.
  const waited = await waitsOver(0.5);
  await other.kill();
  await until(async () => (await readStatus(primary)).durability === 'local', {
    what: 'the primary knows that nobody has its writes',
    timeoutMs: 10_000,
  });
  expect(await writeAt(primary)).toEqual({ status: 201, durability: 'local' });
  expect(await waitsOver(0.5)).toBe(waited);
  env.set(other.id, { DURABILITY: 'strict' });
  await cluster.startNode(other.id);
  await cluster.waitUntilRouted(other.id);
  await untilReplicated(primary);
});

test('a create whose primary died between commit and answer is made once, and strict waits for the second copy', async () => {
  const { primary: old, other: heir } = await candidates();
  const key = 'died-between-commit-and-answer';
  const create = (origin: string) =>
    sendAsAdmin(cluster, `${origin}/api/v1/links`, {
      method: 'POST',
      headers: { 'Idempotency-Key': key },
      body: { destination: 'https://example.com/once' },
    });
  // The other candidate hangs, so the answer waits after the commit, and the primary dies meanwhile.
  const pid = await readLiteFsPid(heir);
  process.kill(pid, 'SIGSTOP');
  const first = create(old.url).catch(() => undefined);
  await until(async () => (await readMetrics(old)).get('hoplite_acknowledgements_waiting') === 1, {
    what: 'the write is committed and waits',
    timeoutMs: 5_000,
  });
  await old.kill();
  process.kill(pid, 'SIGCONT');
  await first;
  await cluster.consul.destroySessions();

  // The heir insists on a second copy, and nobody is there to have it.
  const alone = await until(
    async () => {
      const five = await Promise.all(Array.from({ length: 5 }, () => create(heir.url)));
      return five.every(({ text }) => text.includes('not-replicated')) ? five : undefined;
    },
    { what: 'the heir takes writes and knows nobody who has them', timeoutMs: failoverMs },
  );
  for (const { status, headers, text } of alone) {
    expect(status, text).toBe(503);
    expect(headers.get('Retry-After')).toBe('1');
    expect(JSON.parse(text).type).toMatch(/\/problems\/not-replicated$/);
  }
  await cluster.startNode(old.id);
  await cluster.waitUntilRouted(old.id);
  await untilReplicated(heir);
  const made = await Promise.all(
    ['ams', 'iad', 'syd', 'ams', 'iad'].map((region) => create(edgeOf(cluster, region))),
  );
  for (const { status, headers, text } of made) {
    expect(status, text).toBe(200);
    expect(headers.get('Durability')).toBe('replicated');
  }
  expect(new Set(made.map(({ text }) => JSON.parse(text).slug)).size).toBe(1);
  const list = await sendAsAdmin(cluster, `${heir.url}/api/v1/links?search=example.com/once`);
  expect(JSON.parse(list.text).links).toHaveLength(1);
});

test('a primary whose guard hangs takes no writes, though LiteFS would', async () => {
  const { primary } = await candidates();
  const pid = await readParent(await readLiteFsPid(primary));
  process.kill(pid, 'SIGSTOP');
  try {
    const refused = await until(
      async () => {
        const answer = await createLink(cluster, primary.url, `refused-${written++}`);
        // One that was under way when the fence closed is answered as not known.
        return answer.text.includes('does not take writes') ? answer : undefined;
      },
      { what: 'the primary refuses a write before it is made', timeoutMs: 20_000 },
    );
    expect(refused.status).toBe(503);
    expect(refused.headers.has('Retry-After')).toBe(true);
    expect((await readMetrics(primary)).get('hoplite_lease_fence_open')).toBe(0);
    expect(await readStatus(primary)).toMatchObject({ role: 'primary', durability: null });
    expect(await primaryOf(cluster), 'what LiteFS says').toBe(primary);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await untilReplicated(primary);
});

test('a primary without Consul vouches for nothing, and never beside the next one', async () => {
  const { primary, other } = await candidates();
  await untilReplicated(primary);
  let lastOkMs = 0;
  await using writes = startSteadyLoad(async () => {
    const { status, durability } = await writeAt(primary);
    if (status === 201) lastOkMs = performance.now();
    return `${status} ${durability}`;
  });
  relays.get(primary.id)?.mute();
  const mutedMs = performance.now();
  const firstOkMs = await until(
    async () => {
      const { status } = await writeAt(other);
      return status === 201 ? performance.now() : undefined;
    },
    { what: 'the other candidate takes writes', timeoutMs: failoverMs },
  );
  const outcomes = await writes.stop();
  expect(lastOkMs, 'the last write of the old primary').toBeLessThan(firstOkMs);
  expect(Object.keys(outcomes).some((outcome) => outcome.startsWith('503'))).toBe(true);
  const [refused, taken] = [lastOkMs, firstOkMs].map((ms) => ((ms - mutedMs) / 1000).toFixed(1));
  console.log(
    `without Consul: the last write after ${refused} s, the next primary's after ${taken} s`,
  );
});

test('the candidate that is cut off since then makes no backup that passes for newer than one of the fleet', async () => {
  const { primary, other: cutOff } = await candidates();
  using folder = new TestFolder();
  const hoplite = (node: NodeProcess, ...args: string[]) =>
    runHoplite(['backup', ...args, '--json'], {
      ...wholeEnv.get(node.id),
      BACKUP_URL: `file://${folder.path}`,
      BACKUP_KEY: 'the-key-of-a-fleet-that-has-enough-letters',
    });
  const succeed = async (node: NodeProcess, ...args: string[]) => {
    const { exitCode, stdout, stderr } = await hoplite(node, ...args);
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  const before = await succeed(cutOff, 'now');
  const newest = await succeed(primary, 'now');
  expect(newest.manifest.epoch).toBeGreaterThan(before.manifest.epoch);
  expect(await hoplite(cutOff, 'now')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(`has less than the newest backup, ${newest.name}`),
  });
  expect(await succeed(primary, 'verify')).toMatchObject({ name: newest.name });
});

async function candidates(): Promise<{ primary: NodeProcess; other: NodeProcess }> {
  const primary = await primaryOf(cluster);
  return { primary, other: cluster.node(primary.id === 'ams1' ? 'ams2' : 'ams1') };
}

let written = 0;
async function writeAt(node: NodeProcess): Promise<{ status: number; durability: string | null }> {
  const { status, headers, text } = await createLink(cluster, node.url, `write-${written++}`);
  const durability = headers.get('Durability');
  if (status === 201) expect(JSON.parse(text).replicated).toBe(durability === 'replicated');
  return { status, durability };
}

function untilReplicated(primary: NodeProcess): Promise<boolean> {
  return until(async () => (await writeAt(primary)).durability === 'replicated', {
    what: 'a write is replicated',
    timeoutMs: 30_000,
  });
}

async function readStatus(node: NodeProcess): Promise<Record<string, unknown>> {
  return (await (await fetch(`${node.privateUrl}/status`)).json()) as Record<string, unknown>;
}

async function readMetrics(node: NodeProcess): Promise<Map<string, number>> {
  const text = await (await fetch(`${node.privateUrl}/metrics`)).text();
  const lines = text.matchAll(/^(hoplite_[^ ]+) (\S+)$/gm);
  return new Map([...lines].map(([, name = '', value]) => [name, Number(value)]));
}

/** The guard starts LiteFS. */
async function readParent(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return Number(/\) \S (\d+)/.exec(stat)?.[1]);
}

async function readLiteFsPid(node: NodeProcess): Promise<number> {
  const { litefs } = (await (await fetch(`${node.guardUrl}/guard/lease`)).json()) as {
    litefs: { pid: number };
  };
  return litefs.pid;
}
