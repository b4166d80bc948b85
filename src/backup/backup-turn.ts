import type { NodeId, Role } from '../domain/role.ts';

/** What a node says of itself, as far as it matters for who makes the backups. */
export interface BackupNode {
  readonly node: NodeId;
  readonly role: Role['is'];
  /** Whether it may become primary; `undefined` when its guard does not tell. */
  readonly isCandidate: boolean | undefined;
  /** Whether it has a bucket. */
  readonly hasBucket: boolean;
  /** Whether its last backup failed, within the last hour. */
  readonly isFailing: boolean;
}

/**
 * The nodes that can make backups, in the order in which they should: those that work before those whose last backup
 * failed; then whoever is neither primary nor candidate, since a copy holds up what it copies and acknowledgements wait
 * for candidates; then the other candidate and the primary; then by name. Who knows no primary may be behind by any time, and
 * makes none: it would be the newest, and the next restore would take it.
 * All that see the same nodes come to the same order.
 */
export function orderForBackup(nodes: readonly BackupNode[]): readonly NodeId[] {
  return nodes
    .filter(({ hasBucket, role }) => hasBucket && role !== 'joining' && role !== 'detached')
    .map((node) => ({ node: node.node, rank: rankOf(node) }))
    .sort((a, b) => a.rank - b.rank || (a.node < b.node ? -1 : 1))
    .map(({ node }) => node);
}

function rankOf({ role, isCandidate, isFailing }: BackupNode): number {
  const place = role === 'primary' ? 2 : isCandidate === false ? 0 : 1;
  return isFailing ? 3 + place : place;
}
