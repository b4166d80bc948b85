import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import { firstNodes, regions } from '../../scripts/cluster/topology.ts';
import { until } from '../../scripts/cluster/until.ts';
import { startTestCluster } from '../support/cluster.ts';
import { createLink, edgeOf, redirectOf, sendAsAdmin } from '../support/cluster-client.ts';
import { type Answer, follow, type Sending } from '../support/send.ts';
import { startSlowRelay } from '../support/slow-relay.ts';

/** How soon a change is to be seen everywhere. */
const everywhereMs = 2_000;

/**
 * Between Amsterdam and Sydney light takes longer than a test between two requests: without this, replicas have
 * everything before anybody can ask.
 */
const replicationDelayMs = 130;

const stack = new AsyncDisposableStack();
let cluster: LocalCluster;
beforeAll(async () => {
  const liteFsUrls = new Map<string, string>();
  const relays = new Map<string, string>();
  for (const { id, candidate } of firstNodes) {
    if (!candidate) continue;
    const target = () => liteFsUrls.get(id) as string;
    relays.set(id, stack.use(await startSlowRelay(target, replicationDelayMs)).url);
  }
  cluster = await startTestCluster({
    variant: ({ id }) => ({
      env: ({ LITEFS_ADVERTISE_URL }) => {
        liteFsUrls.set(id, LITEFS_ADVERTISE_URL as string);
        return { LITEFS_ADVERTISE_URL: relays.get(id) ?? LITEFS_ADVERTISE_URL };
      },
    }),
  });
  stack.use(cluster);
});
afterAll(() => stack.disposeAsync());

const edge = (region: string) => edgeOf(cluster, region);

/** Changes or deletes a link through the edge of a region. */
function change(region: string, slug: string, sending: Sending): Promise<Answer> {
  return sendAsAdmin(cluster, `${edge(region)}/api/v1/links/${slug}`, sending);
}

/** Follows a slug in every region. */
function followEverywhere(slug: string): Promise<string[]> {
  return Promise.all(regions.map((region) => follow(edge(region), slug)));
}

/** Waits until every region answers alike, and fails on an answer that is neither the old nor the new one. */
async function changesEverywhere(slug: string, from: string, to: string): Promise<void> {
  await until(
    async () => {
      const answers = await followEverywhere(slug);
      for (const answer of answers) expect([from, to]).toContain(answer);
      return answers.every((answer) => answer === to);
    },
    { what: `/${slug} answers ${to} in every region`, timeoutMs: everywhereMs },
  );
}

async function create(region: string, slug: string, more: object = {}): Promise<void> {
  expect(await createLink(cluster, edge(region), slug, more)).toMatchObject({ status: 201 });
}

test('a link made in any region can be followed at once in every region, without a cookie', async () => {
  const numbers = Array.from({ length: 300 }, (_, number) => number);
  const followed: string[] = [];
  const work = async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const region = regions[number % regions.length] as string;
      const made = await sendAsAdmin(cluster, `${edge(region)}/api/v1/links`, {
        method: 'POST',
        body: { destination: `https://example.com/page/${number}` },
      });
      expect(made).toMatchObject({ status: 201 });
      const answers = await followEverywhere(JSON.parse(made.text).slug);
      expect(answers).toEqual(regions.map(() => `302 https://example.com/page/${number}`));
      followed.push(...answers);
    }
  };
  await Promise.all(Array.from({ length: 24 }, work));
  expect(followed).toHaveLength(900);
});

test.for(regions)('an edit made in %s is seen everywhere within 2 s', async (region) => {
  const slug = `edit-${region}`;
  await create(region, slug);
  const body = { destination: 'https://example.org/new', redirectCode: 307 };
  expect(await change(region, slug, { method: 'PATCH', body })).toMatchObject({ status: 200 });
  await changesEverywhere(slug, redirectOf(slug), '307 https://example.org/new');
});

test.for(regions)('a link deleted in %s is gone everywhere within 2 s', async (region) => {
  const slug = `delete-${region}`;
  await create(region, slug);
  expect(await change(region, slug, { method: 'DELETE' })).toMatchObject({ status: 204 });
  await changesEverywhere(slug, redirectOf(slug), '404');
});

test.for(regions)('a link that expires is gone everywhere, made in %s', async (region) => {
  const slug = `expire-${region}`;
  await create(region, slug, { expiresAt: new Date(Date.now() + 500).toISOString() });
  await changesEverywhere(slug, redirectOf(slug), '410');
});

test.for(regions)('a takedown made in %s holds everywhere within 2 s', async (region) => {
  const slug = `blocked-${region}`;
  await create(region, slug);
  await followEverywhere(slug);
  const body = { blocked: true };
  expect(await change(region, slug, { method: 'PATCH', body })).toMatchObject({ status: 200 });
  await changesEverywhere(slug, redirectOf(slug), '451');
});
