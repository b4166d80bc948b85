import { z } from 'zod';
import { ClusterFailure } from './cluster-failure.ts';

/** The regions of the cluster, each with an edge. The first is the primary's. */
export const regions = ['ams', 'iad', 'syd'] as const;
export type Region = (typeof regions)[number];

/** The region whose candidates may become primary. */
export const primaryRegion = regions[0];

/** The last part of the addresses that are not a node's. */
export const consulHost = 200;
export const commandHost = 254;

/** A node as the cluster knows it before it runs. `host` is the last part of its address. */
export const plannedNode = z.object({
  id: z.string(),
  region: z.enum(regions),
  candidate: z.boolean(),
  host: z.number(),
});
export type PlannedNode = Readonly<z.output<typeof plannedNode>>;

/** Two candidates, both in the primary region as fly.toml has it, and a node in each other one. */
export const firstNodes: readonly PlannedNode[] = [
  { id: 'ams1', region: 'ams', candidate: true, host: 1 },
  { id: 'ams2', region: 'ams', candidate: true, host: 2 },
  { id: 'iad1', region: 'iad', candidate: false, host: 3 },
  { id: 'syd1', region: 'syd', candidate: false, host: 4 },
];

/**
 * Plans a node that joins `present`. Its region is that of its id's letters unless given. It is never a candidate:
 * there are two of those. Throws a `ClusterFailure` that says what is wrong with the id or the region.
 */
export function planNode(
  present: readonly PlannedNode[],
  id: string,
  region?: string,
): PlannedNode {
  const letters = /^([a-z]{3})\d{1,3}$/.exec(id)?.[1];
  if (letters === undefined) {
    throw new ClusterFailure(
      `${id} is not the id of a node: it is three letters and a number, such as syd2.`,
    );
  }
  const known = regions.find((name) => name === (region ?? letters));
  if (known === undefined) {
    throw new ClusterFailure(
      `${region ?? letters} is not a region of this cluster: ${regions.join(', ')}. Name one with --region.`,
    );
  }
  if (present.some((node) => node.id === id)) {
    throw new ClusterFailure(`${id} is in the cluster already.`);
  }
  const host = Math.max(...present.map((node) => node.host)) + 1;
  if (host >= consulHost) throw new ClusterFailure('The cluster has no address left for a node.');
  return { id, region: known, candidate: false, host };
}
