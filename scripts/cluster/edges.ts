import { type Edge, startEdge } from '../edge/edge.ts';
import { realisticLatency } from '../edge/latency-table.ts';
import { isFree } from './port-owner.ts';
import { regions } from './topology.ts';

/** Where the edges listen when nothing else does: the first region's is here, the others follow. */
const firstPort = 8101;

/** Starts an edge for every region, on ports 8101 to 8103 where they are free and on others where not. */
export async function startEdges(options: { readonly latency: boolean }): Promise<Edge> {
  const host = '127.0.0.1';
  const ports = await Promise.all(
    regions.map(async (_, index) => {
      const port = firstPort + index;
      return (await isFree(host, port)) ? port : 0;
    }),
  );
  return startEdge({
    regions,
    listen: Object.fromEntries(
      regions.map((region, index) => [region, { host, port: ports[index] ?? 0 }]),
    ),
    latency: options.latency ? realisticLatency : undefined,
    // The check of fly.toml, at a local pace.
    health: { path: '/healthz', intervalMs: 500 },
  });
}
