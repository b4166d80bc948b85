import { restoreOr, silentPeersGraceMs } from './decide-restore.ts';
import { type BootstrapDecision, replicaOnly, start, wait } from './decision.ts';
import type { AnsweringConsul, BootstrapFacts } from './facts.ts';
import { describeSilent, findData } from './peer-words.ts';
import { refuseAnotherCluster } from './refuse-volume.ts';

/** What a volume without links may do. */
export function decideEmpty(facts: BootstrapFacts): BootstrapDecision {
  const { volume, consul } = facts;
  // Whoever had the links when it joined may be silent now, and Consul may have forgotten them.
  if (facts.joined) {
    return replicaOnly(
      'This node joined as a replica and has no links yet, so it does not lead. When it is started again it decides anew.',
    );
  }
  if (consul.is === 'unreachable') {
    return wait(
      `This volume is empty and Consul does not answer (${consul.why}): without it nobody can tell whether there is a fleet to join.`,
    );
  }
  const { clusterId } = consul;
  if (clusterId === undefined) return decideWithoutCluster(facts, consul);
  if (volume.clusterId !== undefined && volume.clusterId !== clusterId) {
    return refuseAnotherCluster(volume, consul);
  }
  return decideInCluster(facts, consul, clusterId);
}

/** An empty volume, and a cluster that Consul knows. */
function decideInCluster(
  facts: BootstrapFacts,
  consul: AnsweringConsul,
  clusterId: string,
): BootstrapDecision {
  const { volume } = facts;
  const source = findData(facts.peers)?.node ?? consul.holder;
  if (source !== undefined) {
    return replicaOnly(
      `This volume is empty and ${source} is in the cluster ${clusterId}: joining as a replica, which cannot lead before it has the links.`,
    );
  }
  if (volume.awaitsRestore) {
    return start(
      `Nobody has the links of the cluster ${clusterId}: this node leads with what "hoplite rebuild" has put ready.`,
    );
  }
  const nobody = `This volume is empty, Consul knows the cluster ${clusterId} (${consul.key}/clusterid), and no node that answers has its links${describeSilent(facts.peers)}.`;
  return restoreOr(facts, { why: nobody, clusterId }, () => {
    // Its founder, which ended before it had written anything.
    if (volume.clusterId !== undefined && consul.markEpoch === undefined) {
      return found(facts, `This volume is empty, and so is the cluster ${clusterId} that it is of`);
    }
    return wait(
      `${nobody} This node waits for one that has. If all volumes are lost, run "hoplite rebuild --cluster-id ${clusterId} --links FILE --clicks FILE" on one candidate; without files it starts empty.`,
    );
  });
}

/** An empty volume, and a Consul that knows no cluster: the first boot of a fleet, or Consul was wiped. */
function decideWithoutCluster(facts: BootstrapFacts, consul: AnsweringConsul): BootstrapDecision {
  const source = findData(facts.peers)?.node ?? consul.holder;
  const why = `This volume is empty and Consul has no cluster id at ${consul.key}/clusterid`;
  if (source !== undefined) {
    return wait(
      `${why}, but ${source} has links or is about to found a cluster: waiting until that is in Consul. If this stays, CONSUL_KEY or CONSUL_URL differ between the nodes.`,
    );
  }
  if (facts.volume.awaitsRestore) {
    return start(
      'Nobody has links: this node leads with what "hoplite rebuild" has put ready. Its cluster id goes to Consul.',
    );
  }
  const nobody = `${why}, and no node that answers has links${describeSilent(facts.peers)}.`;
  return restoreOr(facts, { why: nobody, clusterId: undefined }, () => found(facts, why));
}

/**
 * Makes a cluster where there is none, as far as anybody says. A node that is known and silent may have the links of one, and
 * would be locked out of the new one: whether this is a first boot then only a person knows. And a volume with clicks is of a
 * fleet that had links, since they are always made before.
 */
function found(facts: BootstrapFacts, why: string): BootstrapDecision {
  const { volume, candidate, snapshot, peers } = facts;
  if (volume.databases.length > 0) {
    return wait(
      `${why}, but it has ${volume.databases.join(' and ')}: there were links once, and no node that answers has them${describeSilent(peers)}. Start one that has. If they are lost for good, "hoplite rebuild --empty" starts an empty fleet.`,
    );
  }
  if (!candidate) return wait(`${why}: waiting for a candidate, which founds the cluster.`);
  const silent = describeSilent(peers);
  if (silent !== '') {
    return wait(
      `${why}, and a node that is known may have links${silent}: this node founds no second cluster beside it. Start that node, or take it out of PEER_URL; if there never were links, "hoplite rebuild --empty" starts an empty fleet.`,
    );
  }
  if (!facts.knowsAllPeers && facts.waitedMs < silentPeersGraceMs) {
    return wait(
      `${why}: waiting for ${silentPeersGraceMs / 1000} s for others that may be starting.`,
    );
  }
  const asked =
    snapshot.is === 'none' && snapshot.name !== undefined
      ? `, and there is no backup ${snapshot.name}`
      : '';
  return start(`${why}, and no node has links${asked}: this node founds the cluster.`);
}
