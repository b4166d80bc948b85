import { isClusterId } from '../../guard/bootstrap/cluster-id.ts';
import type { BootstrapFacts } from '../../guard/bootstrap/facts.ts';
import { Refusal } from '../refusal.ts';

/**
 * Throws a `Refusal` unless the links may be restored here: nobody who can be asked has them. A volume with links and a peer
 * that lives always win over a file. Clicks that are on the volume stay.
 */
export function expectLost({ volume, consul, peers, candidate }: BootstrapFacts): void {
  if (!candidate) {
    throw new Refusal(
      'this node is no candidate (LITEFS_CANDIDATE), so it cannot lead; run this on one that is',
    );
  }
  if (volume.damage !== undefined) {
    throw new Refusal(
      `the volume of this node is damaged (${volume.damage}); nothing is restored over it: move ${volume.dir} away first`,
    );
  }
  if (volume.databases.includes('links.db')) {
    throw new Refusal(
      `the volume of this node (${volume.dir}) is not empty: it has links.db; nothing is restored over data`,
    );
  }
  if (consul.is === 'unreachable') {
    throw new Refusal(
      `Consul does not answer (${consul.why}), so nobody can tell which cluster this is; try again when it does`,
    );
  }
  const alive = peers.find((peer) => peer.is === 'answering' && peer.progress !== undefined);
  const owner = alive?.node ?? consul.holder;
  if (owner !== undefined) {
    throw new Refusal(`${owner} has the links; start this node, and it gets them from there`);
  }
}

/** Throws a `Refusal` unless `clusterId` is one, and is that of the cluster that volume, Consul and backup know, if they do. */
export function expectOwnId(
  clusterId: string,
  { volume, consul }: Pick<BootstrapFacts, 'volume' | 'consul'>,
  ofBackup: string | undefined,
): void {
  if (!isClusterId(clusterId)) {
    throw new Refusal(
      `${clusterId} is not the id of a cluster, which is LFSC and 16 hex digits; Consul has it, and the log of a node that waits names it`,
    );
  }
  if (volume.clusterId !== undefined && volume.clusterId !== clusterId) {
    throw new Refusal(
      `the volume of this node (${volume.dir}) is of the cluster ${volume.clusterId}, not of ${clusterId}`,
    );
  }
  if (
    consul.is === 'answering' &&
    consul.clusterId !== undefined &&
    consul.clusterId !== clusterId
  ) {
    throw new Refusal(
      `Consul's ${consul.key}/clusterid is ${consul.clusterId}, not ${clusterId}: a node with another id can never lead`,
    );
  }
  if (ofBackup !== undefined && ofBackup !== clusterId) {
    throw new Refusal(
      `the backup is of the cluster ${ofBackup}, not of ${clusterId}; correct BACKUP_URL, CONSUL_URL or CONSUL_KEY`,
    );
  }
}
