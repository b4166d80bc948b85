import type { NodeId } from '../domain/role.ts';
import { isNodeId } from './node-name.ts';

const place = '{node}';

/**
 * Parses `PEER_URL`, which says where each node's private port is: a template such as
 * `http://{node}.vm.app.internal:8081`, or a list `id=url,id=url`. Throws an `Error` with a sentence when it is neither.
 *
 * The result gives a node's origin without a trailing slash, `undefined` for a node it does not know. A template
 * knows every name that can be a node's id, and no other: the name comes from LiteFS and ends up in a host name.
 */
export function parsePeers(peerUrl: string): (node: NodeId) => string | undefined {
  if (peerUrl.includes(place)) {
    parseOrigin(peerUrl.replaceAll(place, 'node'));
    return (node) =>
      isNodeId(node) ? peerUrl.replaceAll(place, node).replace(/\/$/, '') : undefined;
  }
  const peers = new Map(peerUrl.split(',').map((entry) => parsePeer(entry.trim())));
  return (node) => peers.get(node);
}

/** The nodes that `PEER_URL` names; none when it is a template. Throws an `Error` with a sentence when it is neither. */
export function listPeers(peerUrl: string): NodeId[] {
  if (peerUrl.includes(place)) return [];
  return peerUrl.split(',').map((entry) => parsePeer(entry.trim())[0]);
}

function parsePeer(entry: string): [NodeId, string] {
  const [, node, url] = /^([^=]*)=(.*)$/.exec(entry) ?? [];
  if (node === undefined || url === undefined || !isNodeId(node)) {
    throw new Error(
      `PEER_URL: "${entry}" is neither a URL with ${place} nor an entry such as node1=http://10.0.0.1:8081`,
    );
  }
  return [node, parseOrigin(url)];
}

function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || url.href !== `${url.origin}/`) {
    throw new Error(`PEER_URL: "${text}" is not an http origin such as http://10.0.0.1:8081`);
  }
  return url.origin;
}
