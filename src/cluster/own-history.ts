import type { EpochHistory } from '../domain/bookmark.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { Position, Progress } from '../domain/position.ts';

/** How far this node's copy of `links.db` is, and which epochs it has. */
export interface OwnHistory extends Progress {
  /** The tags of its epochs, see `EpochHistory`. */
  readonly tags: EpochHistory['tags'];
}

/**
 * Makes the look at how far this node's copy is: `undefined` alone, and while that cannot be told.
 *
 * The epoch is read before the txid. The other way round, the txid of one epoch could be taken for one of the next,
 * in which it means other transactions (docs/facts.md, "Txids repeat after a lossy failover"). Both are read only
 * when the position has changed, because each read of the database holds up replication for a moment.
 */
export function createOwnHistory(deps: {
  readonly cluster: Pick<Cluster, 'position'>;
  /** The epochs in this node's copy, from a read that sheds stale pages; `undefined` when they cannot be told now. */
  readonly readEpochs: () => EpochHistory | undefined;
}): () => OwnHistory | undefined {
  const { cluster, readEpochs } = deps;
  let known: { readonly at: Position; readonly history: OwnHistory } | undefined;
  return () => {
    const before = cluster.position();
    if (before === undefined) return undefined;
    if (known !== undefined && isSame(known.at, before)) return known.history;
    const epochs = readEpochs();
    const after = cluster.position();
    if (epochs === undefined || after === undefined) return undefined;
    const history = { epoch: epochs.newest, txid: after.txid, tags: epochs.tags };
    known = isSame(before, after) ? { at: after, history } : undefined;
    return history;
  };
}

function isSame(a: Position, b: Position): boolean {
  return a.txid === b.txid && a.checksum === b.checksum;
}
