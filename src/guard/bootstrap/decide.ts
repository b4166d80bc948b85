import { isClusterId } from './cluster-id.ts';
import { decideEmpty } from './decide-empty.ts';
import { type BootstrapDecision, replicaOnly, start } from './decision.ts';
import type { BootstrapFacts } from './facts.ts';
import { refuseAnotherCluster, refuseDamage, refuseStrangeId } from './refuse-volume.ts';

/** Only with this one a volume counts as full: without links it must never lead those that have them. */
const linksDatabase = 'links.db';

/**
 * The bootstrap table (docs/bootstrap.md, and docs/backup.md where there are backups): what an empty or unsure volume may
 * do. LiteFS alone lets an empty node found a second cluster as soon as Consul has forgotten the first, and locks all nodes
 * with data out of it (docs/facts.md, "A cluster has an id"). A full volume always wins over a backup, at which nothing
 * looks then.
 */
export function decideBootstrap(facts: BootstrapFacts): BootstrapDecision {
  const { volume, consul, joined } = facts;
  if (volume.clusterId !== undefined && !isClusterId(volume.clusterId)) {
    return refuseStrangeId(volume, volume.clusterId, consul);
  }
  // A LiteFS that runs has opened them, and writes to them.
  if (volume.damage !== undefined && !joined) return refuseDamage(volume, volume.damage);
  return volume.databases.includes(linksDatabase) ? decideFull(facts) : decideEmpty(facts);
}

function decideFull({ volume, consul, peers }: BootstrapFacts): BootstrapDecision {
  if (consul.is === 'unreachable') {
    // When it answers again it may have forgotten the cluster, or name another one.
    return replicaOnly(
      `Consul does not answer (${consul.why}): redirecting from what this volume has, and not leading before it answers.`,
    );
  }
  if (consul.clusterId === undefined) {
    const primary = peers.find((peer) => peer.is === 'answering' && peer.isPrimary);
    if (primary !== undefined) {
      return replicaOnly(
        `Consul has no cluster id at ${consul.key}/clusterid, but ${primary.node} says that it is primary: this node does not lead. If this stays, CONSUL_KEY or CONSUL_URL differ between the nodes.`,
      );
    }
    return start(
      `Consul has no cluster id at ${consul.key}/clusterid, so it was wiped or the key is new: this node may lead when no candidate is ahead of it, and its id goes back to Consul${volume.clusterId === undefined ? '' : ` (${volume.clusterId})`}.`,
    );
  }
  if (consul.clusterId !== volume.clusterId) return refuseAnotherCluster(volume, consul);
  return start(`This volume is of the cluster that Consul names, ${consul.clusterId}.`);
}
