import { isClusterId } from '../../guard/bootstrap/cluster-id.ts';
import type { BootstrapFacts } from '../../guard/bootstrap/facts.ts';
import { Refusal } from '../refusal.ts';

/**
 * Throws a `Refusal` unless the links may be restored here: nobody who can be asked has them, and the id is that of the
 * cluster that Consul knows, if it knows one. A volume with data and a peer that lives always win over a file.
 */
export function expectLost(clusterId: string, facts: BootstrapFacts): void {
  const { volume, consul, peers, candidate } = facts;
  if (!isClusterId(clusterId)) {
    throw new Refusal(
      `${clusterId} is not the id of a cluster, which is LFSC and 16 hex digits; Consul has it, and the log of a node that waits names it`,
    );
  }
  if (!candidate) {
    throw new Refusal(
      'this node is no candidate (LITEFS_CANDIDATE), so it cannot lead; run this on one that is',
    );
  }
  if (volume.databases.length > 0) {
    throw new Refusal(
      `the volume of this node (${volume.dir}) is not empty: it has ${volume.databases.join(' and ')}; nothing is restored over data`,
    );
  }
  if (volume.clusterId !== undefined && volume.clusterId !== clusterId) {
    throw new Refusal(
      `the volume of this node (${volume.dir}) is of the cluster ${volume.clusterId}, not of ${clusterId}`,
    );
  }
  if (consul.is === 'unreachable') {
    throw new Refusal(
      `Consul does not answer (${consul.why}), so nobody can tell which cluster this is; try again when it does`,
    );
  }
  if (consul.clusterId !== undefined && consul.clusterId !== clusterId) {
    throw new Refusal(
      `Consul's ${consul.key}/clusterid is ${consul.clusterId}, not ${clusterId}: a node with another id can never lead`,
    );
  }
  const alive = peers.find((peer) => peer.is === 'answering' && peer.progress !== undefined);
  const owner = alive?.node ?? consul.holder;
  if (owner !== undefined) {
    throw new Refusal(`${owner} has the links; start this node, and it gets them from there`);
  }
}
