import type { PeerFacts } from './facts.ts';

/** A node that says that it has links. */
export function findData(peers: readonly PeerFacts[]): PeerFacts | undefined {
  return peers.find((peer) => peer.is === 'answering' && peer.progress !== undefined);
}

/** Names nodes that are known and do not answer, which may have links; empty when there are none. */
export function describeSilent(peers: readonly PeerFacts[]): string {
  const silent = peers.filter(({ is }) => is === 'silent').map(({ node }) => node);
  return silent.length === 0
    ? ''
    : ` (no answer from ${silent.slice(0, 5).join(', ')}${silent.length > 5 ? ' and others' : ''})`;
}
