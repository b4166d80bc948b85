import { exitCodes } from '../../domain/exit-codes.ts';
import { type BootstrapDecision, stop } from './decision.ts';
import type { ConsulFacts, VolumeFacts } from './facts.ts';

/** The file with the id of the cluster holds something else. */
export function refuseStrangeId(
  { dir }: VolumeFacts,
  text: string,
  consul: ConsulFacts,
): BootstrapDecision {
  const advice =
    consul.is === 'answering' && consul.clusterId !== undefined
      ? `Consul's ${consul.key}/clusterid is ${consul.clusterId}: if this volume is of that fleet, write it into the file.`
      : 'Write the id of its fleet into it; other nodes have it in theirs.';
  return stop(
    exitCodes.wrongCluster,
    `The file ${dir}/clusterid holds no cluster id but ${JSON.stringify(text.slice(0, 40))}. ${advice}`,
  );
}

/** LiteFS would empty the database without a word, and lead with that (docs/facts.md, "LiteFS deletes a torn database"). */
export function refuseDamage({ dir }: VolumeFacts, damage: string): BootstrapDecision {
  return stop(
    exitCodes.damaged,
    `This volume is damaged: ${damage}. LiteFS would delete that database or end, so this node starts nothing, and restores nothing over it. ` +
      `To give it up, "mv ${dir} ${dir}.damaged" and start: the node gets the links from another one, or from a backup where no node has them.`,
  );
}

/** The volume is of another cluster than Consul names. */
export function refuseAnotherCluster(
  { dir, clusterId }: VolumeFacts,
  consul: Extract<ConsulFacts, { readonly is: 'answering' }>,
): BootstrapDecision {
  return stop(
    exitCodes.wrongCluster,
    `This volume (${dir}) is of ${clusterId ?? 'a cluster without an id'}, but Consul's ${consul.key}/clusterid is ${consul.clusterId}: starting would lose what one of them has, so this node starts nothing. ` +
      'If CONSUL_URL or CONSUL_KEY is not the fleet of this volume, correct it. ' +
      `If Consul is right, "mv ${dir} ${dir}.old" and start: the node joins with an empty volume. ` +
      `If this volume is right, stop all nodes, "consul kv delete ${consul.key}/clusterid", and start this one first.`,
  );
}
