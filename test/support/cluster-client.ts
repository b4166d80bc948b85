import type { LocalCluster } from '../../scripts/cluster/cluster.ts';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import { askNode, type NodeAnswer } from '../../scripts/cluster/node-status.ts';
import { until } from '../../scripts/cluster/until.ts';
import { type Answer, bearer, type Sending, send } from './send.ts';

/** Origin of the edge in a region. */
export function edgeOf(cluster: LocalCluster, region: string): string {
  return cluster.edge.urls[region] as string;
}

/** Sends a request with the admin key. */
export function sendAsAdmin(
  cluster: LocalCluster,
  url: string,
  sending: Sending = {},
): Promise<Answer> {
  return send(url, {
    ...sending,
    headers: { ...bearer(cluster.adminKey), ...sending.headers },
  });
}

/** Creates a link through a node or an edge. Its destination is the slug at example.com. */
export function createLink(
  cluster: LocalCluster,
  origin: string,
  slug: string,
  more: object = {},
): Promise<Answer> {
  const body = { slug, destination: `https://example.com/${slug}`, ...more };
  return sendAsAdmin(cluster, `${origin}/api/v1/links`, { method: 'POST', body });
}

/** What following a link that `createLink` made gives. */
export function redirectOf(slug: string): string {
  return `302 https://example.com/${slug}`;
}

/** What a node says of itself on its private port. Fails when it does not answer. */
export async function statusOf(node: NodeProcess): Promise<NodeAnswer> {
  const said = await askNode(node);
  if (said === undefined) throw new Error(`${node.id} does not answer`);
  return said;
}

/** The primary. Fails when there is none. */
export async function primaryOf(cluster: LocalCluster): Promise<NodeProcess> {
  const primary = await cluster.findPrimary();
  if (primary === undefined) throw new Error('no node holds the lease');
  return primary;
}

/** Waits until all running nodes are at the primary's position. */
export async function allCaughtUp(cluster: LocalCluster): Promise<void> {
  await until(
    async () => {
      const running = cluster.nodes.filter((node) => node.isRunning);
      const states = await Promise.all(running.map(statusOf));
      return new Set(states.map(({ position }) => JSON.stringify(position))).size === 1;
    },
    { what: 'all nodes are at the same position', timeoutMs: 10_000 },
  );
}

/**
 * Creates links with a name in front until one is made, as a client does that takes 503 for an answer. Resolves to
 * its slug.
 */
export function untilWriteLands(
  cluster: LocalCluster,
  origin: string,
  name: string,
): Promise<string> {
  let tried = 0;
  return until(
    async () => {
      const slug = `${name}-${tried++}`;
      return (await createLink(cluster, origin, slug)).status === 201 ? slug : undefined;
    },
    { what: `a write at ${origin} lands on the primary`, timeoutMs: 40_000 },
  );
}
