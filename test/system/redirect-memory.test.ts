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
  sendAsAdmin,
  statusOf,
  untilWriteLands,
} from '../support/cluster-client.ts';
import { MemoryWatch, readAnswers } from '../support/memory-watch.ts';
import { send } from '../support/send.ts';
import { type SteadyLoad, startSteadyLoad } from '../support/steady-load.ts';

/** How long a fleet may take to find a new primary, and a node to follow it. */
const patience = { timeoutMs: 60_000 };
const slugs = Array.from({ length: 10 }, (_, number) => `memory-${number}`);
/** Slugs that nobody touches while a part of the others is edited. */
const edited = slugs.slice(0, 3);

let cluster: LocalCluster;
let watches: ReadonlyMap<NodeProcess, MemoryWatch>;
const stack = new AsyncDisposableStack();
let made = 0;

beforeAll(async () => {
  // A guard would not let a node lead that lacks what another one wrote.
  cluster = stack.use(await startTestCluster({ guard: false }));
  for (const slug of slugs) await createLink(cluster, edgeOf(cluster, 'ams'), slug);
  watches = new Map(
    cluster.nodes.map((node) => [node, stack.use(new MemoryWatch(node, slugs))] as const),
  );
});
afterAll(() => stack.disposeAsync());

test('every answer is what the database of its node says, while links are written', async () => {
  await using _ = startWrites();
  await compareOn(cluster.nodes);
});

test('through a handoff to the other candidate and back', async () => {
  await using _ = startWrites();
  for (let times = 0; times < 2; times += 1) {
    const next = otherCandidate(await primaryOf(cluster));
    await until(
      async () => {
        await send(`${next.liteFsUrl}/promote`, { method: 'POST' });
        return (await cluster.findPrimary()) === next;
      },
      { what: `${next.id} is primary`, ...patience },
    );
    await untilWriteLands(cluster, edgeOf(cluster, 'ams'), `handoff-${times}`);
    await compareOn(cluster.nodes);
  }
});

test('through the reset of a node that wrote alone, in an epoch whose number is begun twice', async () => {
  const heir = await primaryOf(cluster);
  const loser = otherCandidate(heir);
  const others = cluster.nodes.filter((node) => node !== loser);
  await Promise.all(others.map((node) => node.kill()));
  await cluster.consul.destroySessions();
  await until(async () => (await cluster.findPrimary()) === loser, {
    what: `${loser.id} is primary, alone`,
    ...patience,
  });
  await untilWriteLands(cluster, loser.url, 'alone');
  for (const slug of slugs) await edit(loser.url, slug);
  await compareOn([loser]);
  const lost = { status: await statusOf(loser), answers: readAnswers(loser, slugs) };

  // From here on until it has all that the other did, the node is asked for nothing.
  watches.get(loser)?.pause();
  await cluster.consul.destroySessions();
  await cluster.startNode(heir.id);
  await until(async () => (await cluster.findPrimary()) === heir, {
    what: `${heir.id} is primary, without what ${loser.id} wrote`,
    ...patience,
  });
  await cluster.waitUntilRouted(heir.id);
  await untilWriteLands(cluster, heir.url, 'after');
  for (let times = 0; times < 20; times += 1) {
    for (const slug of edited) await edit(heir.url, slug);
  }
  await until(async () => (await statusOf(loser)).role === 'replica', {
    what: `${loser.id} follows ${heir.id}`,
    ...patience,
  });
  await allCaughtUp(cluster);
  const now = await statusOf(loser);
  expect(now.epoch).toBe(lost.status.epoch);
  expect(now.position?.txid.localeCompare(lost.status.position?.txid ?? 'none')).toBe(1);
  const kept = readAnswers(loser, slugs);
  for (const slug of slugs) expect(kept?.get(slug)).not.toBe(lost.answers?.get(slug));

  watches.get(loser)?.resume();
  await compareOn([heir, loser]);
  for (const node of others) if (node !== heir) await cluster.startNode(node.id);
  await compareOn(cluster.nodes);
});

test('through the restart of nodes, in peace and by kill -9', async () => {
  await using _ = startWrites();
  for (const [id, end] of [
    ['iad1', 'stop'],
    ['syd1', 'kill'],
  ] as const) {
    await cluster.node(id)[end]();
    await cluster.startNode(id);
    await cluster.waitUntilRouted(id);
    await compareOn(cluster.nodes);
  }
  const primary = await primaryOf(cluster);
  await primary.kill();
  await cluster.consul.destroySessions();
  await cluster.startNode(primary.id);
  await cluster.waitUntilRouted(primary.id);
  await untilWriteLands(cluster, edgeOf(cluster, 'ams'), 'restarted');
  await compareOn(cluster.nodes);
});

/** Waits until many answers of each node have been compared from now on, and none was wrong so far. */
async function compareOn(nodes: readonly NodeProcess[]): Promise<void> {
  const watched = nodes.map((node) => watches.get(node) as MemoryWatch);
  const before = watched.map(({ compared }) => compared);
  await until(
    () => {
      for (const { mismatches } of watches.values()) expect(mismatches.slice(0, 3)).toEqual([]);
      return watched.every(({ compared }, at) => compared - (before[at] ?? 0) >= 300);
    },
    { what: 'enough answers of each node were compared', ...patience },
  );
}

/** Deletes, disables, edits and makes links again through an edge, one after another. */
function startWrites(): SteadyLoad {
  const origin = edgeOf(cluster, 'ams');
  let turn = 0;
  return startSteadyLoad(async () => {
    const slug = slugs[Math.floor(turn / 5) % slugs.length] as string;
    const kind = turn++ % 5;
    const { status } =
      kind === 0
        ? await sendAsAdmin(cluster, `${origin}/api/v1/links/${slug}`, { method: 'DELETE' })
        : await edit(origin, slug, { disabled: kind === 1 });
    return String(status);
  });
}

/** Gives a link a destination that no link ever had; makes it when there is none. */
async function edit(origin: string, slug: string, more: object = {}) {
  made += 1;
  const destination = `https://example.com/${made}`;
  const body = { destination, ...more };
  const url = `${origin}/api/v1/links/${slug}`;
  const answer = await sendAsAdmin(cluster, url, { method: 'PATCH', body });
  return answer.status === 404 ? createLink(cluster, origin, slug, { destination }) : answer;
}

function otherCandidate(primary: NodeProcess): NodeProcess {
  const other = cluster.nodes.find((node) => node.plan.candidate && node !== primary);
  if (other === undefined) throw new Error('there is no other candidate');
  return other;
}
