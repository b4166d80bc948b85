import type { Cluster } from '../domain/cluster.ts';
import type { Position, Progress } from '../domain/position.ts';

/**
 * Tells how far this node's copy of `links.db` is, epoch and txid of one moment; `undefined` when that cannot be told now.
 *
 * The epoch is read before the txid. The other way round, the txid of one epoch could be taken for one of the next,
 * in which it means other transactions (docs/facts.md, "Txids repeat after a lossy failover"). Both are read only
 * when the position has changed, because each read of the database holds up replication for a moment.
 */
export function createOwnProgress(options: {
  readonly cluster: Pick<Cluster, 'position'>;
  /** The epoch in this node's copy, from a read that sheds stale pages; `undefined` when it cannot be told now. */
  readonly ownEpoch: () => number | undefined;
}): () => Progress | undefined {
  const { cluster, ownEpoch } = options;
  let known: { readonly at: Position; readonly progress: Progress } | undefined;
  return () => {
    const before = cluster.position();
    if (before === undefined) return undefined;
    if (known !== undefined && isSamePosition(known.at, before)) return known.progress;
    const epoch = ownEpoch();
    const after = cluster.position();
    if (epoch === undefined || after === undefined) return undefined;
    const progress = { epoch, txid: after.txid };
    known = isSamePosition(before, after) ? { at: after, progress } : undefined;
    return progress;
  };
}

function isSamePosition(a: Position, b: Position): boolean {
  return a.txid === b.txid && a.checksum === b.checksum;
}
