import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import { firstNodes, regions } from '../../scripts/cluster/topology.ts';
import { until } from '../../scripts/cluster/until.ts';
import { createBookmarkText } from '../../src/cluster/bookmark-text.ts';
import { deriveKey } from '../../src/cluster/fleet-key.ts';
import type { Bookmark } from '../../src/domain/bookmark.ts';
import type { Txid } from '../../src/domain/position.ts';
import { startTestCluster } from '../support/cluster.ts';
import {
  createLink,
  edgeOf,
  primaryOf,
  redirectOf,
  sendAsAdmin,
  statusOf,
} from '../support/cluster-client.ts';
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
const bucket = mkdtempSync(join(tmpdir(), 'hoplite-fleet-bucket-'));
stack.defer(() => rmSync(bucket, { recursive: true, force: true }));
const backupEnv = {
  BACKUP_URL: `file://${bucket}`,
  BACKUP_KEY: 'the-key-of-a-fleet-that-has-enough-letters',
  BACKUP_INTERVAL: '10s',
};
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
        return { LITEFS_ADVERTISE_URL: relays.get(id) ?? LITEFS_ADVERTISE_URL, ...backupEnv };
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

test('ten thousand links made in one request far from the primary can be followed at once in every region', async () => {
  const slugs = Array.from({ length: 10_000 }, (_, number) => `bulk-${number}`);
  const title = 'longer than a body that the edge replays'.padEnd(100, '.');
  const links = slugs.map((slug) => ({ slug, title, destination: `https://example.com/${slug}` }));
  const before = await followEverywhere('bulk-9999');
  expect(before).toEqual(['404', '404', '404']);
  const { status, text } = await sendAsAdmin(cluster, `${edge('syd')}/api/v1/links/bulk`, {
    method: 'POST',
    body: { links },
  });
  expect(status, text.slice(0, 500)).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ created: 10_000, failed: 0 });
  for (const slug of ['bulk-0', 'bulk-5000', 'bulk-9999']) {
    expect(await followEverywhere(slug)).toEqual(regions.map(() => redirectOf(slug)));
  }
});

describe('a bookmark', () => {
  const marked = (bookmark: string) => ({ headers: { 'Hoplite-Bookmark': bookmark } });
  const bookmarkOf = ({ headers }: Answer) => headers.get('Hoplite-Bookmark') ?? '';
  const list = (url: string, sending: Sending = {}) =>
    sendAsAdmin(cluster, `${url}/api/v1/links?limit=5`, sending);
  const slugsOf = ({ text }: Answer): string[] =>
    JSON.parse(text).links.map(({ slug }: { slug: string }) => slug);

  test('shows a list with what it names in every region, also while the write is not answered yet', async () => {
    const everywhere = (bookmark: string) =>
      Promise.all(regions.map((region) => list(edge(region), marked(bookmark))));
    const primary = await primaryOf(cluster);
    let missed = 0;
    for (let number = 0; number < 10; number++) {
      const slug = `marked-${number}`;
      const making = createLink(cluster, edge(regions[number % regions.length] as string), slug);
      // The primary shows it at once; its answer waits for the other candidate, and others may be behind by then.
      const shown = await until(
        async () => {
          const answer = await list(primary.url);
          return slugsOf(answer).includes(slug) ? answer : undefined;
        },
        { what: `the primary shows ${slug}`, timeoutMs: 10_000 },
      );
      const [without, withIt] = await Promise.all([everywhere(''), everywhere(bookmarkOf(shown))]);
      missed += without.filter((answer) => !slugsOf(answer).includes(slug)).length;
      for (const answer of withIt) expect(slugsOf(answer)).toContain(slug);
      const made = await making;
      expect(made.headers.get('Durability')).toMatch(/^(replicated|local)$/);
      for (const answer of await everywhere(bookmarkOf(made))) {
        expect(slugsOf(answer)).toContain(slug);
      }
    }
    expect(missed, 'lists that were behind, without which this proves nothing').toBeGreaterThan(0);
  });

  test('comes as a cookie to browsers, and shows them the link on the page in every region', async () => {
    const form = { Accept: 'text/html', 'Content-Type': 'application/x-www-form-urlencoded' };
    const slug = 'by-form';
    const made = await sendAsAdmin(cluster, `${edge('syd')}/`, {
      method: 'POST',
      headers: form,
      body: `url=https://example.com/&slug=${slug}`,
    });
    expect(made.status).toBe(303);
    const Cookie = made.headers.get('Set-Cookie')?.split(';')[0] ?? '';
    expect(Cookie).toMatch(/^hoplite-bookmark=1/);
    for (const region of regions) {
      const page = await sendAsAdmin(cluster, `${edge(region)}/`, {
        headers: { Accept: 'text/html', Cookie },
      });
      expect(page.text).toContain(`/${slug}`);
    }
  });

  test('tells which nodes have the write, at once or when all do', async () => {
    const made = await sendAsAdmin(cluster, `${edge('iad')}/api/v1/links`, {
      method: 'POST',
      headers: { Prefer: 'wait=10' },
      body: { destination: 'https://example.com/' },
    });
    expect(made.headers.get('Live-In')).toBe('4/4');
    expect(made.headers.get('Preference-Applied')).toBe('wait=10');
    const next = await createLink(cluster, edge('iad'), 'not-everywhere-yet');
    const ask = async (url: string, bookmark: string, headers = {}) => {
      const answer = await sendAsAdmin(cluster, `${url}/api/v1/positions/${bookmark}`, { headers });
      expect(answer).toMatchObject({ status: 200 });
      return JSON.parse(answer.text);
    };
    const early = await ask(edge('ams'), bookmarkOf(next));
    expect(early).toMatchObject({ nodes: 4, lost: false });
    expect(early.reached).toBeGreaterThanOrEqual(1);
    for (const { url } of cluster.nodes) {
      const { reached, perNode } = await ask(url, bookmarkOf(next), { Prefer: 'wait=10' });
      expect(reached).toBe(4);
      expect(perNode).toHaveLength(4);
      expect(perNode).toContainEqual({ node: 'syd1', region: 'syd', reached: true });
    }
  });

  test('of a lost epoch, or one that nobody reaches, holds up no read and no redirect', async () => {
    await create('ams', 'unharmed');
    const made = await sendAsAdmin(cluster, `${edge('ams')}/api/v1/links/unharmed`, {
      method: 'PATCH',
      headers: { Prefer: 'wait=10' },
      body: { title: 'x' },
    });
    const text = createBookmarkText([deriveKey(cluster.fleetSecret, 'bookmark')]);
    const known = text.parse(bookmarkOf(made)) as Bookmark;
    const lost = text.format({ ...known, epochTag: 'ffffffff' });
    const future = text.format({ ...known, txid: 'ffffffffffffff00' as Txid });
    const replica = cluster.nodes.find(({ id }) => id === 'syd1') as NodeProcess;
    expect(await list(edge('syd'), marked(lost))).toMatchObject({ status: 200 });

    let answered = 0;
    const waiting = Array.from({ length: 150 }, async () => {
      const url = `${edge('syd')}/api/v1/links?limit=1`;
      const answer = await sendAsAdmin(cluster, url, marked(future));
      answered += 1;
      return answer.status;
    });
    const followed: string[] = [];
    while (answered === 0) followed.push(await follow(replica.url, 'unharmed'));
    expect(new Set(followed)).toEqual(new Set([redirectOf('unharmed')]));
    expect(followed.length, 'redirects while all of them wait').toBeGreaterThan(10);
    // The primary answers those who waited in vain.
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([200]));
  });
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

/** Of a manifest, as far as it matters here. */
interface Backup {
  readonly node: string;
  readonly clusterId: string;
  readonly takenAt: string;
  readonly databases: { readonly links: { readonly position: unknown; readonly counts: object } };
}

/** All backups that were finished, the newest first. */
function readBackups(): readonly Backup[] {
  const folder = join(bucket, 'backups');
  return readdirSync(folder)
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Backup)
    .sort((a, b) => (a.takenAt < b.takenAt ? 1 : -1));
}

/** Waits until the newest backup is at exactly the position of the primary, and gives it. */
async function untilBackedUp(): Promise<Backup> {
  const primary = await primaryOf(cluster);
  return await until(
    async () => {
      const [newest] = readBackups();
      const { position } = await statusOf(primary);
      const own = JSON.stringify([position?.txid, position?.checksum]);
      const { txid, checksum } = (newest?.databases.links.position ?? {}) as Record<string, string>;
      return newest !== undefined && JSON.stringify([txid, checksum]) === own ? newest : undefined;
    },
    { what: 'all links are in a backup', timeoutMs: 120_000 },
  );
}

// Last, since it ends a node.
test('backups are made where they disturb least, at exactly known positions, and elsewhere when that node is gone', async () => {
  await create('syd', 'backed-up');
  const first = await untilBackedUp();
  expect(first.node).toBe('iad1');
  expect(first.clusterId).toMatch(/^LFSC[0-9A-F]{16}$/);
  const { text } = await sendAsAdmin(cluster, `${edge('ams')}/status`);
  const turns = (JSON.parse(text) as FleetStatus).nodes.filter(
    ({ status }) => status.backup.isOurTurn,
  );
  expect(turns.map(({ node }) => node)).toEqual(['iad1']);

  await cluster.nodes.find(({ id }) => id === 'iad1')?.kill();
  await create('syd', 'backed-up-again');
  const second = await untilBackedUp();
  expect(second.node).toBe('syd1');
  expect(second.clusterId).toBe(first.clusterId);
});

interface FleetStatus {
  readonly nodes: readonly {
    readonly node: string;
    readonly status: { readonly backup: { readonly isOurTurn: boolean } };
  }[];
}
