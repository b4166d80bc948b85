import { type Edge, type EdgeOptions, startEdge } from '../../scripts/edge/edge.ts';
import type { TestNode } from './test-node.ts';

/** A running edge of ams, iad and syd with its nodes; ends them all. */
export interface TestEdge extends AsyncDisposable {
  readonly edge: Edge;
  readonly ams: string;
  readonly iad: string;
  readonly syd: string;
}

/**
 * Starts an edge whose nodes have been checked once. It checks again only when told to, and gives up
 * quickly on what it cannot reach.
 */
export async function startTestEdge(
  nodes: readonly TestNode[],
  options: Partial<EdgeOptions> = {},
): Promise<TestEdge> {
  const { knobs, ...rest } = options;
  const edge = await startEdge({
    regions: ['ams', 'iad', 'syd'],
    nodes,
    health: { intervalMs: Number.POSITIVE_INFINITY },
    knobs: { maxAttempts: 4, retryDelayMs: 1, connectTimeoutMs: 5_000, ...knobs },
    ...rest,
  });
  await edge.checkHealth();
  return {
    edge,
    ams: edge.urls.ams ?? '',
    iad: edge.urls.iad ?? '',
    syd: edge.urls.syd ?? '',
    async [Symbol.asyncDispose]() {
      await edge[Symbol.asyncDispose]();
      for (const node of nodes) await node.kill();
    },
  };
}
