import type { SpooledBatch, SpooledBatches } from '../../src/clicks/spooled-batches.ts';

/** The same spool, to be changed in parts. */
export function passSpool(spool: SpooledBatches): SpooledBatches {
  return {
    listProducers: () => spool.listProducers(),
    listBatches: (producer) => spool.listBatches(producer),
    isSealing: (producer) => spool.isSealing(producer),
    readBatch: (batch) => spool.readBatch(batch),
    mend: (batch) => spool.mend(batch),
    reissueFrom: (batch) => spool.reissueFrom(batch),
    drop: (batch) => spool.drop(batch),
    release: (cursor, knownUpTo) => spool.release(cursor, knownUpTo),
    onSealed: (listener) => spool.onSealed(listener),
  };
}

/** What is to be told of the batches of a spool. */
export interface SpoolWatcher {
  /** A batch is about to be given up. */
  readonly onDrop: (batch: SpooledBatch) => void;
  /** Not all that was in a batch could be read, and what was left is in its place. */
  readonly onLost: (batch: SpooledBatch) => void;
  /** Some may be there no more, or others in their place. */
  readonly onReplaced: () => void;
}

/** The same spool, watched. */
export function watchSpool(
  spool: SpooledBatches,
  { onDrop, onLost, onReplaced }: SpoolWatcher,
): SpooledBatches {
  return {
    ...passSpool(spool),
    async mend(batch) {
      const lost = await spool.mend(batch);
      if (lost > 0) onLost(batch);
      onReplaced();
      return lost;
    },
    async reissueFrom(batch) {
      await spool.reissueFrom(batch);
      onReplaced();
    },
    drop(batch) {
      onDrop(batch);
      spool.drop(batch);
      onReplaced();
    },
  };
}
