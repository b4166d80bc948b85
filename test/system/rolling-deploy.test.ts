import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import type { NodeVariant } from '../../scripts/cluster/node-process.ts';
import { askNode } from '../../scripts/cluster/node-status.ts';
import { until } from '../../scripts/cluster/until.ts';
import { findFaults } from '../../scripts/deploy/find-faults.ts';
import { parseFleetStatus } from '../../scripts/deploy/fleet-status.ts';
import { smokeTest } from '../../scripts/deploy/smoke-test.ts';
import { startTestCluster } from '../support/cluster.ts';
import {
  allCaughtUp,
  createLink,
  edgeOf,
  primaryOf,
  redirectOf,
  untilWriteLands,
} from '../support/cluster-client.ts';
import { runAt } from '../support/node-command.ts';
import { copyProject, type ProjectCopy } from '../support/project-copy.ts';
import { readLedger } from '../support/read-ledger.ts';
import { follow } from '../support/send.ts';

const roleMs = 60_000;
const redirectsPerSecond = 500;
const writesPerSecond = 20;
const regions = ['ams', 'iad', 'syd'];

const notes = `-- migrate:up
ALTER TABLE links ADD COLUMN note TEXT;
CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT;

-- migrate:down
DROP TABLE notes;
ALTER TABLE links DROP COLUMN note;
`;

/** What a node runs at its next start. */
const releases = new Map<string, NodeVariant>();
let next: ProjectCopy;
let migration: string;
let cluster: LocalCluster;
beforeAll(async () => {
  next = copyProject();
  migration = next.addNextMigration('notes', notes);
  cluster = await startTestCluster({
    variant: ({ id }) => ({
      ...releases.get(id),
      // What counts is that nothing fails, on a machine that is busy; and that edges hear of a node that ends.
      env: () => ({ WRITE_HOLD: '20000', HEALTH_NOTICE: '1500' }),
    }),
  });
});
afterAll(async () => {
  agent.destroy();
  await cluster?.[Symbol.asyncDispose]();
  next?.[Symbol.dispose]();
});

/** More would only wait for each other where the machine cannot keep the pace. */
const maxUnderWay = 40;
const agent = new Agent({ keepAlive: true });

/** What following a slug gives, as `follow` says it, at a fraction of the cost. */
function followFast(origin: string, slug: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(`${origin}/${slug}`, { agent, timeout: 30_000 }, (response) => {
      const { statusCode, headers } = response.resume();
      response.once('end', () => resolve(`${statusCode} ${headers.location ?? ''}`.trim()));
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error('no answer within 30 s')));
    request.once('error', reject);
  });
}

/** Requests at a fixed rate, whatever becomes of them; counts what they end with. */
class OpenLoad {
  readonly outcomes = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  readonly #done: Promise<void>;
  #isOver = false;

  constructor(perSecond: number, once: (number: number) => Promise<string>) {
    this.#done = this.#run(perSecond, once);
  }

  async stop(): Promise<Readonly<Record<string, number>>> {
    this.#isOver = true;
    await this.#done;
    await Promise.all(this.#running);
    return Object.fromEntries(this.outcomes);
  }

  async #run(perSecond: number, once: (number: number) => Promise<string>): Promise<void> {
    const startMs = performance.now();
    for (let sent = 0; !this.#isOver; ) {
      const due = ((performance.now() - startMs) / 1000) * perSecond;
      // What could not be sent in time is not made up for.
      sent = Math.max(sent, Math.floor(due) - maxUnderWay);
      for (; sent < due && this.#running.size < maxUnderWay; sent += 1) this.#send(once, sent);
      await delay(2);
    }
  }

  #send(once: (number: number) => Promise<string>, number: number): void {
    const running = once(number)
      .catch(String)
      .then((outcome) => {
        this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
        this.#running.delete(running);
      });
    this.#running.add(running);
  }
}

/** Restarts a node with another release, as Fly does: told to end, and the next one only once its checks pass. */
async function deploy(id: string, projectDirOfRelease: string): Promise<void> {
  releases.set(id, { projectDir: projectDirOfRelease });
  await cluster.node(id).stop();
  await cluster.startNode(id);
  await cluster.waitUntilRouted(id);
}

test(`a release with a migration is rolled out under ${redirectsPerSecond} redirects and ${writesPerSecond} writes a second, and none fails`, async () => {
  const known = await untilWriteLands(cluster, edgeOf(cluster, 'syd'), 'known');
  await allCaughtUp(cluster);
  const old = await primaryOf(cluster);
  const made: string[] = [];
  const regionOf = (number: number) => edgeOf(cluster, regions[number % regions.length] as string);
  const redirects = new OpenLoad(redirectsPerSecond, (number) =>
    followFast(regionOf(number), known),
  );
  const writes = new OpenLoad(writesPerSecond, async (number) => {
    const slug = `rolling-${number}`;
    const { status, text } = await createLink(cluster, regionOf(number), slug);
    if (status !== 201) return `${status} ${text}`;
    made.push(slug);
    return '201';
  });

  // Replicas first, the primary last: until it is replaced, it serves on the schema that the new release has made.
  const others = cluster.nodes.filter((node) => node !== old);
  const [heir] = others.filter(({ plan }) => plan.candidate);
  for (const { id } of others) {
    await deploy(id, next.dir);
    if (id !== heir?.id) continue;
    await until(async () => (await cluster.findPrimary()) === heir, {
      what: `${id} of the new release has asked for the lease`,
      timeoutMs: roleMs,
    });
    await until(async () => (await askNode(heir))?.writerOpen, {
      what: `${id} has migrated`,
      timeoutMs: roleMs,
    });
    expect((await readLedger(heir)).migrations.at(-1)).toMatchObject({
      file: migration,
      node: heir.id,
    });
    // The old code goes on, on the new schema, and gets what the new one writes.
    await until(async () => (await askNode(old))?.primary === heir.id, {
      what: `${old.id} follows ${heir.id}`,
      timeoutMs: roleMs,
    });
    const after = await untilWriteLands(cluster, edgeOf(cluster, 'ams'), 'on-new-schema');
    await until(async () => (await follow(old.url, after)) === redirectOf(after), {
      what: `${old.id} redirects what was made on the new schema`,
      timeoutMs: roleMs,
    });
  }
  await deploy(old.id, next.dir);

  expect(Object.keys(await writes.stop())).toEqual(['201']);
  const redirected = await redirects.stop();
  expect(Object.keys(redirected)).toEqual([redirectOf(known)]);
  process.stdout.write(
    `rolling deploy: ${redirected[redirectOf(known)]} redirects, ${made.length} writes, 0 failed\n`,
  );
  await allCaughtUp(cluster);
  for (const slug of made) {
    expect(await follow(cluster.node('iad1').url, slug)).toBe(redirectOf(slug));
  }
  // The lease has moved once, and nobody wants it back.
  const { epochs, migrations } = await readLedger(heir as NonNullable<typeof heir>);
  expect(epochs.slice(-1).map(({ node }) => node)).toEqual([heir?.id]);
  expect(migrations.filter(({ file }) => file === migration)).toHaveLength(1);
  expect(cluster.edge.counters.maxHops).toBeLessThanOrEqual(1);
});

test('a deployment sees this fleet as it is: its roles and schema, a link through every node, and the node that is away', async () => {
  const machines = cluster.nodes.map(({ id, plan: { region } }) => ({
    id,
    region,
    state: 'started',
    image: '',
    digest: 'sha256:1',
  }));
  const asking = await primaryOf(cluster);
  const { stdout, stderr } = await runAt(cluster, asking, ['status', '--json']);
  expect(stderr).toBe('');
  const wanted = { primaryRegion: 'ams', regions, digest: 'sha256:1', schema: 1 };
  expect(findFaults(machines, parseFleetStatus(stdout), wanted)).toEqual([]);
  const unwanted = { ...wanted, primaryRegion: 'syd', schema: 1_000 };
  expect(findFaults(machines, parseFleetStatus(stdout), unwanted)).toHaveLength(
    1 + machines.length,
  );

  const tools = {
    origin: edgeOf(cluster, 'ams'),
    fetch,
    hoplite: async ({ id }: { id: string }, words: string) =>
      (await runAt(cluster, cluster.node(id), words.split(' '))).stdout,
  };
  const byRegion = machines.toSorted((a, b) => a.region.localeCompare(b.region));
  expect(await smokeTest(byRegion, tools)).toEqual([]);
  await cluster.node('iad1').stop();
  expect(await smokeTest(byRegion, tools)).toEqual([
    expect.stringMatching(/^iad1 in iad (answered 50\d|was not reached)/),
    expect.stringMatching(/^iad1 in iad (answered 50\d|was not reached)/),
  ]);
});
