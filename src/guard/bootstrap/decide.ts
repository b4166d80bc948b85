import type { BootstrapFacts, ConsulFacts, PeerFacts, VolumeFacts } from './facts.ts';

/** What a node does with its volume, and a sentence on why for its log. */
export type BootstrapDecision =
  | {
      /**
       * `start`: LiteFS starts, and leads where it is a candidate and the guard lets it. `start as replica only`: it starts
       * and must not lead before a later look says `start`. `wait`: it does not start; look again.
       */
      readonly do: 'start' | 'start as replica only' | 'wait';
      readonly sentence: string;
    }
  | {
      /** The snapshot is put ready to be imported, under this id or a new one; then look again. */
      readonly do: 'restore';
      readonly clusterId: string | undefined;
      readonly sentence: string;
    }
  | { readonly do: 'stop'; readonly exitCode: number; readonly sentence: string };

/**
 * The exit code of a node whose volume is not of the cluster that Consul names: `EX_CONFIG` of sysexits.h, which neither
 * LiteFS nor Node uses. To start again changes nothing, so a supervisor need not try.
 */
export const wrongClusterExitCode = 78;

/**
 * How long a node without data waits for nodes that it knows and that say nothing, before it founds a cluster: they may
 * have the data. Milliseconds.
 */
export const silentPeersGraceMs = 10_000;

/** Only with this one a volume counts as full: without links it must never lead those that have them. */
const linksDatabase = 'links.db';

/**
 * Whether `text` is the id of a LiteFS cluster: `LFSC` and 16 characters, which are hex digits where LiteFS made it
 * (LiteFS `litefs.go`, `GenerateClusterID`, `ValidateClusterID`).
 */
export function isClusterId(text: string): boolean {
  return /^LFSC[0-9A-Za-z]{16}$/.test(text);
}

/**
 * The bootstrap table (docs/bootstrap.md): what an empty or unsure volume may do. LiteFS alone lets an empty node found a
 * second cluster as soon as Consul has forgotten the first, and locks all nodes with data out of it
 * (docs/facts.md, "A cluster has an id").
 */
export function decideBootstrap(facts: BootstrapFacts): BootstrapDecision {
  const { volume, consul } = facts;
  if (volume.clusterId !== undefined && !isClusterId(volume.clusterId)) {
    return stop(
      `The file ${volume.dir}/clusterid holds no cluster id but ${JSON.stringify(volume.clusterId.slice(0, 40))}. ${
        consul.is === 'answering' && consul.clusterId !== undefined
          ? `Consul's ${consul.key}/clusterid is ${consul.clusterId}: if this volume is of that fleet, write it into the file.`
          : 'Write the id of its fleet into it; other nodes have it in theirs.'
      }`,
    );
  }
  return isFull(volume) ? decideFull(facts) : decideEmpty(facts);
}

function isFull({ databases }: VolumeFacts): boolean {
  return databases.includes(linksDatabase);
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
  if (consul.clusterId !== volume.clusterId) return anotherCluster(volume, consul);
  return start(`This volume is of the cluster that Consul names, ${consul.clusterId}.`);
}

function decideEmpty(facts: BootstrapFacts): BootstrapDecision {
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
  if (
    volume.clusterId !== undefined &&
    consul.clusterId !== undefined &&
    volume.clusterId !== consul.clusterId
  ) {
    return anotherCluster(volume, consul);
  }
  return consul.clusterId === undefined
    ? decideWithoutCluster(facts, consul)
    : decideInCluster(facts, consul, consul.clusterId);
}

type Answering = Extract<ConsulFacts, { readonly is: 'answering' }>;

/** An empty volume, and a cluster that Consul knows. */
function decideInCluster(
  facts: BootstrapFacts,
  consul: Answering,
  clusterId: string,
): BootstrapDecision {
  const { volume, snapshot } = facts;
  const source = findData(facts.peers)?.node ?? consul.holder;
  if (source !== undefined) {
    return replicaOnly(
      `This volume is empty and ${source} is in the cluster ${clusterId}: joining as a replica, which cannot lead before it has the links.`,
    );
  }
  if (volume.awaitsRestore) {
    return start(
      `Nobody has the links of the cluster ${clusterId}: this node leads and imports the files of "hoplite rebuild".`,
    );
  }
  // Its founder, which ended before it had written anything.
  if (volume.clusterId !== undefined && consul.markEpoch === undefined && snapshot.is === 'none') {
    return found(facts, `This volume is empty, and so is the cluster ${clusterId} that it is of`);
  }
  const nobody = `This volume is empty, Consul knows the cluster ${clusterId} (${consul.key}/clusterid), and no node that answers has its links${describeSilent(facts.peers)}.`;
  const command = `hoplite rebuild --cluster-id ${clusterId}`;
  switch (snapshot.is) {
    case 'none':
      return wait(
        `${nobody} This node waits for one that has. If all volumes are lost, run "${command} --links FILE --clicks FILE" on one candidate; without files it starts empty.`,
      );
    case 'unreadable':
      return wait(`${nobody} ${describeUnreadable(snapshot)}`);
    case 'there':
      if (snapshot.clusterId !== undefined && snapshot.clusterId !== clusterId) {
        return wait(
          `${nobody} The backup ${snapshot.name} is of another one, ${snapshot.clusterId}, and is not restored. Correct CONSUL_URL, CONSUL_KEY or where the backup lies.`,
        );
      }
      if (facts.rebuild === 'auto' && facts.candidate) {
        return {
          do: 'restore',
          clusterId,
          sentence: `${nobody} REBUILD=auto: restoring ${snapshot.name}.`,
        };
      }
      return wait(
        `${nobody} This node waits for one that has. If all volumes are lost, set REBUILD=auto on a candidate to restore ${snapshot.name}, or run "${command} --links FILE --clicks FILE" there.`,
      );
  }
}

/** An empty volume, and a Consul that knows no cluster: the first boot of a fleet, or Consul was wiped. */
function decideWithoutCluster(facts: BootstrapFacts, consul: Answering): BootstrapDecision {
  const { volume, snapshot } = facts;
  const source = findData(facts.peers)?.node ?? consul.holder;
  if (source !== undefined) {
    return wait(
      `This volume is empty and Consul has no cluster id at ${consul.key}/clusterid, but ${source} has links or is about to found a cluster: waiting until that is in Consul. If this stays, CONSUL_KEY or CONSUL_URL differ between the nodes.`,
    );
  }
  if (volume.awaitsRestore) {
    return start(
      'Nobody has links: this node leads and imports the files of "hoplite rebuild". Its cluster id goes to Consul.',
    );
  }
  if (snapshot.is === 'unreadable') {
    return wait(`This volume is empty and no node has links. ${describeUnreadable(snapshot)}`);
  }
  if (snapshot.is === 'there') {
    if (!facts.candidate) {
      return wait('This volume is empty: waiting for a candidate, which restores the links.');
    }
    return hold(
      facts,
      `This volume is empty and Consul has no cluster id at ${consul.key}/clusterid`,
      {
        do: 'restore',
        clusterId: snapshot.clusterId,
        sentence: `No node has links: restoring ${snapshot.name} before leading.`,
      },
    );
  }
  return found(
    facts,
    `This volume is empty and Consul has no cluster id at ${consul.key}/clusterid`,
  );
}

/** Makes a cluster where there is none, as far as anybody says. */
function found(facts: BootstrapFacts, why: string): BootstrapDecision {
  if (!facts.candidate) return wait(`${why}: waiting for a candidate, which founds the cluster.`);
  return hold(
    facts,
    why,
    start(
      `${why}, and no node has links${describeSilent(facts.peers)}: this node founds the cluster.`,
    ),
  );
}

/** Gives nodes that are known and silent time to say that they have links. */
function hold(
  { peers, waitedMs }: BootstrapFacts,
  why: string,
  decision: BootstrapDecision,
): BootstrapDecision {
  const silent = describeSilent(peers);
  if (silent === '' || waitedMs >= silentPeersGraceMs) return decision;
  return wait(
    `${why}: asking for ${silentPeersGraceMs / 1000} s whether another node has links${silent}.`,
  );
}

function describeUnreadable({
  name,
  why,
}: {
  readonly name: string;
  readonly why: string;
}): string {
  return `The backup ${name} cannot be read (${why}): this node does not start empty while there may be one.`;
}

function findData(peers: readonly PeerFacts[]): PeerFacts | undefined {
  return peers.find((peer) => peer.is === 'answering' && peer.progress !== undefined);
}

function describeSilent(peers: readonly PeerFacts[]): string {
  const silent = peers.filter(({ is }) => is === 'silent').map(({ node }) => node);
  return silent.length === 0
    ? ''
    : ` (no answer from ${silent.slice(0, 5).join(', ')}${silent.length > 5 ? ' and others' : ''})`;
}

function anotherCluster(volume: VolumeFacts, consul: Answering): BootstrapDecision {
  const own = volume.clusterId ?? 'a cluster without an id';
  return stop(
    `This volume (${volume.dir}) is of ${own}, but Consul's ${consul.key}/clusterid is ${consul.clusterId}: starting would lose what one of them has, so this node starts nothing. ` +
      'If CONSUL_URL or CONSUL_KEY is not the fleet of this volume, correct it. ' +
      `If Consul is right, "mv ${volume.dir} ${volume.dir}.old" and start: the node joins with an empty volume. ` +
      `If this volume is right, stop all nodes, "consul kv delete ${consul.key}/clusterid", and start this one first.`,
  );
}

const start = (sentence: string): BootstrapDecision => ({ do: 'start', sentence });
const replicaOnly = (sentence: string): BootstrapDecision => ({
  do: 'start as replica only',
  sentence,
});
const wait = (sentence: string): BootstrapDecision => ({ do: 'wait', sentence });
const stop = (sentence: string): BootstrapDecision => ({
  do: 'stop',
  exitCode: wrongClusterExitCode,
  sentence,
});
