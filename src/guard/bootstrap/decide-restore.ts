import { exitCodes } from '../../domain/exit-codes.ts';
import { type BootstrapDecision, stop, wait } from './decision.ts';
import type { BootstrapFacts } from './facts.ts';
import { describeSilent } from './peer-words.ts';

/**
 * How long a node waits for others before it restores a backup, over which they may have newer links, or founds a cluster: for
 * those that are known and say nothing, and those that are not known yet, since a whole fleet may be starting. Milliseconds.
 */
export const silentPeersGraceMs = 10_000;

/**
 * How long a node that would restore waits for a bucket that does not answer, before it ends and leaves the next try to
 * whoever starts it. Milliseconds.
 */
export const unreachableBackupGraceMs = 60_000;

/** Where no node that answers has links. */
interface Lost {
  /** Whole sentences. */
  readonly why: string;
  /** That Consul knows; `undefined` where it knows none. */
  readonly clusterId: string | undefined;
}

/**
 * What becomes of the backup where no node that answers has links; where there is none, `otherwise` decides. A candidate
 * restores by itself with `REBUILD=auto`, or where Consul knows no cluster and all nodes that it knows have said that they
 * have no links: a node that is silent may have newer ones. Whoever would restore and cannot ends, and never starts empty.
 */
export function restoreOr(
  facts: BootstrapFacts,
  lost: Lost,
  otherwise: () => BootstrapDecision,
): BootstrapDecision {
  const { snapshot, candidate } = facts;
  const { why } = lost;
  switch (snapshot.is) {
    case 'none':
      return otherwise();
    case 'asked for':
      return wait(`${why} Asking for a backup ${snapshot.name}.`);
    case 'there':
      return restore(facts, lost, snapshot);
    case 'unreachable': {
      const sentence = `${why} Whether there is a backup ${snapshot.name} cannot be told (${snapshot.why}): this node does not start empty while there may be one.`;
      return mayRestore(facts, lost) && facts.waitedMs >= unreachableBackupGraceMs
        ? stop(exitCodes.tryAgain, sentence)
        : wait(sentence);
    }
    case 'damaged': {
      const sentence = `${why} The backups ${snapshot.name} cannot be restored (${snapshot.why}): this node does not start empty.`;
      return mayRestore(facts, lost)
        ? stop(
            exitCodes.damaged,
            `${sentence} If another node has the links, start that. If they are lost for good, "hoplite rebuild --empty" starts an empty fleet.`,
          )
        : wait(candidate ? sentence : `${sentence} Waiting for a node that has the links.`);
    }
  }
}

function restore(
  facts: BootstrapFacts,
  lost: Lost,
  snapshot: Extract<BootstrapFacts['snapshot'], { readonly is: 'there' }>,
): BootstrapDecision {
  const { volume, candidate, rebuild } = facts;
  const clusterId = lost.clusterId ?? volume.clusterId ?? snapshot.clusterId;
  if (snapshot.clusterId !== undefined && snapshot.clusterId !== clusterId) {
    return wait(
      `${lost.why} The backup ${snapshot.name} is of another cluster, ${snapshot.clusterId}, than ${clusterId}, and is not restored. Correct CONSUL_URL, CONSUL_KEY or where the backup lies.`,
    );
  }
  if (!candidate) {
    return wait(`${lost.why} Waiting for a candidate, which restores ${snapshot.name}.`);
  }
  if (!mayRestore(facts, lost)) {
    return wait(
      `${lost.why} This node waits for one that has. If the links of all others are lost, set REBUILD=auto on a candidate to restore ${snapshot.name}, or run "hoplite rebuild" there.`,
    );
  }
  const silent = describeSilent(facts.peers);
  if ((silent !== '' || !facts.knowsAllPeers) && facts.waitedMs < silentPeersGraceMs) {
    return wait(
      `${lost.why} Asking for ${silentPeersGraceMs / 1000} s whether another node has links${silent}.`,
    );
  }
  const passedOver = snapshot.passedOver === undefined ? '' : ` ${snapshot.passedOver}.`;
  const words = rebuild === 'auto' ? 'REBUILD=auto: restoring' : 'Restoring';
  return {
    do: 'restore',
    clusterId,
    sentence: `${lost.why}${passedOver} ${words} ${snapshot.name} before leading.`,
  };
}

function mayRestore({ candidate, rebuild, peers }: BootstrapFacts, { clusterId }: Lost): boolean {
  if (!candidate) return false;
  const allAnswer = peers.every(({ is }) => is === 'answering');
  return rebuild === 'auto' || (clusterId === undefined && allAnswer);
}
