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
  /** From now on until what it gives is called, some may be there no more, or others in their place. */
  readonly onReplacing: () => () => void;
}

/** The same spool, watched. */
export function watchSpool(
  spool: SpooledBatches,
  { onDrop, onLost, onReplacing }: SpoolWatcher,
): SpooledBatches {
  return {
    ...passSpool(spool),
    async mend(batch) {
      const end = onReplacing();
      try {
        const lost = await spool.mend(batch);
        if (lost > 0) onLost(batch);
        return lost;
      } finally {
        end();
      }
    },
    async reissueFrom(batch) {
      const end = onReplacing();
      try {
        await spool.reissueFrom(batch);
      } finally {
        end();
      }
    },
    drop(batch) {
      const end = onReplacing();
      onDrop(batch);
      spool.drop(batch);
      end();
    },
  };
}
