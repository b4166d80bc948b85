import { listPeers, parsePeers } from '../../../cluster/peers.ts';
import type { NodeId } from '../../../domain/role.ts';
import { type NodeStatusFacts, observeNodeStatus } from './node-status.ts';

/** Another node, as this one reaches it. */
export interface PeerFacts {
  readonly node: NodeId;
  /** Its private port; `undefined` when `PEER_URL` does not know it. */
  readonly url: string | undefined;
  readonly status: NodeStatusFacts;
}

/** The other nodes that can be told: those that `PEER_URL` lists, and the primary. */
export type PeersFacts =
  | { readonly is: 'unparsable'; readonly why: string }
  | {
      readonly is: 'asked';
      readonly primary: NodeId | undefined;
      readonly nodes: readonly PeerFacts[];
    };

/** Asks every other node that is known by name. `primary` is the one that LiteFS names. */
export async function observePeers(
  self: NodeId,
  peerUrl: string,
  primary: NodeId | undefined,
): Promise<PeersFacts> {
  try {
    const urlOf = parsePeers(peerUrl);
    const named = new Set([...listPeers(peerUrl), ...(primary === undefined ? [] : [primary])]);
    named.delete(self);
    const nodes = await Promise.all(
      [...named].map(async (node) => {
        const url = urlOf(node);
        return { node, url, status: await observe(url) };
      }),
    );
    return { is: 'asked', primary, nodes };
  } catch (error) {
    return { is: 'unparsable', why: error instanceof Error ? error.message : String(error) };
  }
}

async function observe(url: string | undefined): Promise<NodeStatusFacts> {
  return url === undefined
    ? { is: 'silent', why: 'PEER_URL does not name it' }
    : observeNodeStatus(url);
}
