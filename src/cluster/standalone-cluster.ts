import type { Cluster } from '../domain/cluster.ts';
import type { NodeId, Role } from '../domain/role.ts';

/** The place of a node that runs alone: always primary, with no positions and no other nodes. One that only reads has no primary. */
export function createStandaloneCluster(self: {
  readonly node: NodeId;
  readonly region: string;
  readonly readsOnly?: boolean;
}): Cluster {
  const role: Role = { is: self.readsOnly === true ? 'detached' : 'primary' };
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
