import { Resolver } from 'node:dns/promises';
import type { Logger } from 'pino';
import type { Cluster } from '../domain/cluster.ts';
import type { NodeId } from '../domain/role.ts';
import { isNodeId } from './node-name.ts';
import { listPeers } from './peers.ts';

/** Looks a TXT record up; each element is one record, in pieces. Rejects when there is no answer. */
export type FindText = (name: string) => Promise<readonly (readonly string[])[]>;

/** A host of `PEER_URL` as Fly has them; the app is its first group. */
const flyHost = /^https?:\/\/\{node\}\.vm\.([a-z0-9-]+)\.internal(?::\d+)?\/?$/;

/**
 * Makes the list of the nodes of this fleet, itself first: those that `PEER_URL` names; on Fly, where it is a template,
 * the machines that run by Fly's DNS (docs/facts.md, "Fly's DNS lists the machines of an app"); the
 * candidates and the primary. Never rejects: without DNS the rest is what is known.
 */
export function createKnownNodes(deps: {
  readonly cluster: Pick<Cluster, 'node' | 'role'>;
  readonly peerUrl: string;
  readonly candidates: () => readonly NodeId[];
  readonly log: Pick<Logger, 'warn'>;
  readonly findText?: FindText;
}): () => Promise<readonly NodeId[]> {
  const { cluster, peerUrl, candidates, log, findText = createFindText() } = deps;
  const listed = listPeers(peerUrl);
  const app = flyHost.exec(peerUrl)?.[1];

  async function listMachines(): Promise<readonly NodeId[]> {
    if (app === undefined) return [];
    try {
      return toMachines(await findText(`vms.${app}.internal`));
    } catch (err) {
      log.warn({ err }, 'machines of the app not known');
      return [];
    }
  }

  return async () => {
    const role = cluster.role();
    const primary = role.is === 'replica' ? [role.primary] : [];
    const machines = await listMachines();
    return [...new Set([cluster.node, ...listed, ...machines, ...primary, ...candidates()])].filter(
      isNodeId,
    );
  };
}

/** Fly's list is `id region,id region,…`. */
function toMachines(records: readonly (readonly string[])[]): readonly NodeId[] {
  return records
    .map((pieces) => pieces.join(''))
    .flatMap((record) => record.split(','))
    .map((machine) => machine.trim().split(' ')[0] ?? '')
    .filter((id) => id !== '');
}

function createFindText(): FindText {
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  return (name) => resolver.resolveTxt(name);
}
