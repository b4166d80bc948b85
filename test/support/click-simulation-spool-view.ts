import type { SpooledBatch, SpooledBatches } from '../../src/clicks/spooled-batches.ts';

/** The same spool, to be changed in parts. */
export function passSpool(spool: SpooledBatches): SpooledBatches {
  return {
    listProducers: () => spool.listProducers(),
    listBatches: (producer) => spool.listBatches(producer),
    readBatch: (batch) => spool.readBatch(batch),
    mend: (batch) => spool.mend(batch),
    reissueFrom: (batch) => spool.reissueFrom(batch),
    drop: (batch) => spool.drop(batch),
    release: (cursor, knownUpTo) => spool.release(cursor, knownUpTo),
    onSealed: (listener) => spool.onSealed(listener),
  };
}

/** A spool that tells when batches are given up, and when some were put in place of others. */
export function watchSpool(
  spool: SpooledBatches,
  onDrop: (batch: SpooledBatch) => void,
  onReplaced: () => void,
): SpooledBatches {
  return {
    ...passSpool(spool),
    async mend(batch) {
      const lost = await spool.mend(batch);
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
