import type { Cluster } from '../domain/cluster.ts';
import type { NodeId } from '../domain/role.ts';

/** The place of a node that runs alone: always primary, with no positions and no other nodes. */
export function createStandaloneCluster(self: {
  readonly node: NodeId;
  readonly region: string;
}): Cluster {
  const role = { is: 'primary' } as const;
  return {
    node: self.node,
    region: self.region,
    role: () => role,
    onRole: () => () => undefined,
    position: () => undefined,
    lagMs: () => 0,
    privateUrl: () => undefined,
  };
}
