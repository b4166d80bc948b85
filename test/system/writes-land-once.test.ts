import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import { startTestCluster } from '../support/cluster.ts';
import {
  allCaughtUp,
  createLink,
  edgeOf,
  primaryOf,
  sendAsAdmin,
  statusOf,
} from '../support/cluster-client.ts';
import { type Answer, type Sending, send } from '../support/send.ts';

/** A write as a client sends it. `path` may name things that `before` has made. */
interface Write {
  /** As the OpenAPI document calls it. */
  readonly operation: string;
  readonly before?: (cluster: LocalCluster) => Promise<Answer>;
  readonly path: (made: Answer | undefined) => string;
  readonly sending: (cluster: LocalCluster) => Sending;
  readonly status: number;
  /** Transactions that it takes on the primary. */
  readonly transactions: number;
}

const form = { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'text/html' };
const link = (slug: string) => (cluster: LocalCluster) =>
  createLink(cluster, edgeOf(cluster, 'ams'), slug);
const key = (cluster: LocalCluster) =>
  sendAsAdmin(cluster, `${edgeOf(cluster, 'ams')}/api/v1/keys`, {
    method: 'POST',
    body: { name: 'to be revoked' },
  });

const writes: readonly Write[] = [
  {
    operation: 'POST /api/v1/links',
    path: () => '/api/v1/links',
    sending: () => ({ method: 'POST', body: { destination: 'https://example.com/a' } }),
    status: 201,
    transactions: 1,
  },
  {
    operation: 'POST /api/v1/links/bulk',
    path: () => '/api/v1/links/bulk',
    sending: () => ({
      method: 'POST',
      body: { links: [{ destination: 'https://example.com/b' }, { destination: 'not a URL' }] },
    }),
    status: 200,
    transactions: 1,
  },
  {
    operation: 'POST /api/v1/import',
    path: () => '/api/v1/import',
    sending: () => ({
      method: 'POST',
      headers: { 'Content-Type': 'application/x-ndjson' },
      body: '{"slug":"imported","destination":"https://example.com/c"}\n',
    }),
    status: 200,
    transactions: 1,
  },
  {
    operation: 'PATCH /api/v1/links/{slug}',
    before: link('to-change'),
    path: () => '/api/v1/links/to-change',
    sending: () => ({ method: 'PATCH', body: { title: 'changed' } }),
    status: 200,
    transactions: 1,
  },
  {
    operation: 'DELETE /api/v1/links/{slug}',
    before: link('to-delete'),
    path: () => '/api/v1/links/to-delete',
    sending: () => ({ method: 'DELETE' }),
    status: 204,
    transactions: 1,
  },
  {
    operation: 'POST /',
    path: () => '/?url=https%3A%2F%2Fexample.com%2Fline',
    sending: () => ({ method: 'POST' }),
    status: 201,
    transactions: 1,
  },
  {
    operation: 'POST /',
    path: () => '/',
    sending: () => ({ method: 'POST', headers: form, body: 'url=https://example.com/form&slug=' }),
    status: 303,
    transactions: 1,
  },
  {
    operation: 'POST /api/v1/keys',
    path: () => '/api/v1/keys',
    sending: () => ({ method: 'POST', body: { name: 'newsletter' } }),
    status: 201,
    transactions: 1,
  },
  {
    operation: 'DELETE /api/v1/keys/{id}',
    before: key,
    path: (made) => `/api/v1/keys/${JSON.parse(made?.text ?? '').id}`,
    sending: () => ({ method: 'DELETE' }),
    status: 204,
    transactions: 1,
  },
  {
    operation: 'POST /session',
    path: () => '/session',
    sending: (cluster) => ({
      method: 'POST',
      headers: form,
      body: String(new URLSearchParams({ key: cluster.adminKey })),
    }),
    status: 303,
    transactions: 0,
  },
];

/** Operations that write nothing, though their method is not GET. */
const elsewhere = ['POST /session/end'];

describe.for(['fly', 'forward'] as const)('with REPLAY=%s', (replay) => {
  let cluster: LocalCluster;
  beforeAll(async () => {
    cluster = await startTestCluster({ replay });
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  /** The number of transactions on the primary so far. */
  async function transactions(): Promise<bigint> {
    const { position } = await statusOf(await primaryOf(cluster));
    return BigInt(`0x${position?.txid}`);
  }

  /** What the edges sent where for the requests since the last reset: none may be replayed twice. */
  function route(): Readonly<Record<string, number>> {
    const { requests, deliveries, maxHops, fallbacks, errors } = cluster.edge.counters;
    expect({ requests, fallbacks, errors }).toEqual({ requests: 1, fallbacks: 0, errors: {} });
    expect(maxHops).toBeLessThanOrEqual(1);
    return deliveries;
  }

  test('the table holds every write of the API', async () => {
    const { text } = await send(`${edgeOf(cluster, 'iad')}/openapi.json`);
    const { paths } = JSON.parse(text) as { paths: Record<string, object> };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      ['post', 'put', 'patch', 'delete']
        .filter((method) => method in methods)
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    const known = new Set([...writes.map(({ operation }) => operation), ...elsewhere]);
    expect(known).toEqual(new Set(operations));
  });

  test.for(writes)(
    '$operation at a replica lands on the primary once',
    async ({ before, path, sending, status, transactions: expected }) => {
      const made = await before?.(cluster);
      await allCaughtUp(cluster);
      const primary = await primaryOf(cluster);
      const start = await transactions();
      cluster.edge.resetCounters();

      const url = `${edgeOf(cluster, 'syd')}${path(made)}`;
      expect(await sendAsAdmin(cluster, url, sending(cluster))).toMatchObject({ status });

      expect((await transactions()) - start).toBe(BigInt(expected));
      expect(route()).toEqual(replay === 'fly' ? { syd1: 1, [primary.id]: 1 } : { syd1: 1 });
    },
  );

  test('a repeat with the same Idempotency-Key at another replica makes no second link', async () => {
    const sending: Sending = {
      method: 'POST',
      headers: { 'Idempotency-Key': 'once' },
      body: { destination: 'https://example.com/once' },
    };
    const [first, second] = await Promise.all(
      ['iad', 'syd'].map((region) =>
        sendAsAdmin(cluster, `${edgeOf(cluster, region)}/api/v1/links`, sending),
      ),
    );
    expect([first?.status, second?.status].sort()).toEqual([200, 201]);
    expect(first?.text).toBe(second?.text);
  });

  // 1 MB is the most that Fly replays; what is longer goes from node to node.
  test.for([999_999, 1_000_000, 1_000_001])(
    'a body of %d bytes at a replica gets the answer of the primary',
    async (bytes) => {
      const primary = await primaryOf(cluster);
      const body = JSON.stringify({ destination: 'https://example.com/', title: '' });
      const sending: Sending = {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: body.padEnd(bytes),
      };
      const start = await transactions();
      const onPrimary = await sendAsAdmin(cluster, `${primary.url}/api/v1/links`, sending);
      cluster.edge.resetCounters();
      const answer = await sendAsAdmin(cluster, `${edgeOf(cluster, 'iad')}/api/v1/links`, sending);

      expect(answer.status).toBe(413);
      expect(comparable(answer)).toEqual(comparable(onPrimary));
      expect(await transactions()).toBe(start);
      const replayed = replay === 'fly' && bytes <= 1_000_000;
      expect(route()).toEqual(replayed ? { iad1: 1, [primary.id]: 1 } : { iad1: 1 });
    },
  );

  test.for<Sending & { readonly title: string; readonly path?: string }>([
    { title: 'broken JSON', method: 'POST', headers: json(), body: '{"destination":' },
    {
      title: 'an unknown field',
      method: 'POST',
      body: { destination: 'https://a.example/', x: 1 },
    },
    { title: 'a javascript: URL', method: 'POST', body: { destination: 'javascript:alert(1)' } },
    { title: 'a private address', method: 'POST', body: { destination: 'http://10.0.0.1/' } },
    { title: 'a slug of the wrong form', method: 'POST', body: { ...some(), slug: '../x' } },
    { title: 'a reserved slug', method: 'POST', body: { ...some(), slug: 'api' } },
    {
      title: 'a wrong content type',
      method: 'POST',
      headers: { 'Content-Type': 'text/xml' },
      body: '<a/>',
    },
    { title: 'no body', method: 'POST', headers: json() },
    { title: 'a broken If-Match', method: 'DELETE', path: '/x', headers: { 'If-Match': 'x' } },
    { title: 'a link that is not there', method: 'DELETE', path: '/nowhere' },
    { title: 'a wrong percent-encoding', method: 'DELETE', path: '/%E0%A4%A' },
  ])('bad input gets the same answer at a replica and on the primary: $title', async (sending) => {
    const path = `/api/v1/links${sending.path ?? ''}`;
    const primary = await primaryOf(cluster);
    const onPrimary = await sendAsAdmin(cluster, primary.url + path, sending);
    const atReplica = await sendAsAdmin(cluster, edgeOf(cluster, 'iad') + path, sending);
    expect(atReplica.status).toBeGreaterThanOrEqual(400);
    expect(atReplica.status).toBeLessThan(500);
    expect(comparable(atReplica)).toEqual(comparable(onPrimary));
  });

  test('a request that claims to be a replay already is not sent on', async () => {
    const replica = cluster.node('syd1');
    const answer = await sendAsAdmin(cluster, `${replica.url}/api/v1/links`, {
      method: 'POST',
      headers: { 'fly-replay-src': 'instance=x;region=ams;t=1;state=y' },
      body: some(),
    });
    expect(answer.headers.get('fly-replay')).toBeNull();
    expect([201, 503]).toContain(answer.status);
  });
});

function json(): Record<string, string> {
  return { 'Content-Type': 'application/json' };
}

function some(): object {
  return { destination: 'https://example.com/some' };
}

/** An answer without what differs from request to request. */
function comparable({ status, headers, text }: Answer): object {
  const { instance: _, ...problem } = JSON.parse(text);
  return { status, type: headers.get('Content-Type'), problem };
}
