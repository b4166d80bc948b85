import type { SpooledBatch, SpooledBatches } from '../../src/clicks/spooled-batches.ts';
import { decodeBatch } from '../../src/domain/click-batch.ts';
import { expectedSeq, type ProducerId } from '../../src/domain/click-cursor.ts';
import { ClickFormatError } from '../../src/domain/click-format-error.ts';
import type { ClickStore } from '../../src/domain/click-store.ts';
import { mergeClicks } from '../../src/domain/merge-clicks.ts';
import type { FleetOptions } from './click-simulation.ts';
import { type MergeCraft, soundCraft } from './click-simulation-primary.ts';
import { passSpool } from './click-simulation-spool-view.ts';
import type { MemoryClickStore } from './memory-click-store.ts';

/** Ways to build a fleet wrongly, each of which the simulation has to find. */
export const faults: Readonly<Record<string, () => FleetOptions>> = {
  'a cursor that stays when its transaction is undone': () => ({
    craft: {
      ...soundCraft,
      rollBack(store) {
        const cursors = [...store.cursors.values()];
        store.rollBack();
        store.begin();
        for (const cursor of cursors) store.putCursor(cursor);
        store.commit();
      },
    },
  }),
  'a cursor that is moved by none': () => ({
    craft: withStore((store) => ({ ...pass(store), putCursor: () => undefined })),
  }),
  'batches whose hash nobody keeps': () => ({
    craft: withStore((store) => ({ ...pass(store), findBatchHash: () => undefined })),
  }),
  'a gap that is taken for a loss': () => ({
    craft: {
      ...soundCraft,
      merge: (store, input, options) => {
        const batches = input.batches.map(({ bytes }) => {
          const producer = findProducer(bytes);
          const cursor = producer && store.findCursor(producer);
          return { bytes, lostFrom: expectedSeq(cursor) };
        });
        return mergeClicks(store, { ...input, batches }, options);
      },
    },
  }),
  'a batch that is gone once it was sent': () => ({ spoolView: forgetSent }),
  'a batch that may go once the primary counts it': () => ({
    spoolView: (spool) => ({
      ...passSpool(spool),
      release: () => undefined,
      readBatch(batch) {
        const { producer, seq, clicks, clicksBefore } = batch;
        const counted = { producer, seq, merged: clicks, hash: '', isComplete: true, lost: 0 };
        spool.release({ ...counted, clicks: clicksBefore + clicks }, seq);
        return spool.readBatch(batch);
      },
    }),
  }),
  'damage that is not mended': () => ({
    spoolView: (spool) => ({ ...passSpool(spool), mend: async () => 0 }),
  }),
};

/** `undefined` for a batch that cannot be read. */
function findProducer(batch: Uint8Array): ProducerId | undefined {
  try {
    return decodeBatch(batch).producer;
  } catch (error) {
    if (error instanceof ClickFormatError) return undefined;
    throw error;
  }
}

/** Merges through a store that does not do what it is told. */
function withStore(change: (store: MemoryClickStore) => ClickStore): MergeCraft {
  return {
    ...soundCraft,
    merge: (store, input, options) => mergeClicks(change(store), input, options),
  };
}

function pass(store: ClickStore): ClickStore {
  return {
    findCursor: (producer) => store.findCursor(producer),
    putCursor: (cursor) => store.putCursor(cursor),
    findBatchHash: (producer, seq) => store.findBatchHash(producer, seq),
    putBatchHash: (producer, seq, hash) => store.putBatchHash(producer, seq, hash),
    addRollup: (key, counts) => store.addRollup(key, counts),
    hasRollup: (key) => store.hasRollup(key),
    countValues: (dimension, hour, linkId) => store.countValues(dimension, hour, linkId),
    addTotal: (linkId, counts, undated) => store.addTotal(linkId, counts, undated),
    addOrphans: (domainId, hour, hits) => store.addOrphans(domainId, hour, hits),
    noteOrphanSlug: (domainId, slug, hour) => store.noteOrphanSlug(domainId, slug, hour),
  };
}

function forgetSent(spool: SpooledBatches): SpooledBatches {
  const sent = new Set<SpooledBatch>();
  return {
    ...passSpool(spool),
    listBatches: (producer) => spool.listBatches(producer).filter((batch) => !sent.has(batch)),
    readBatch(batch) {
      sent.add(batch);
      return spool.readBatch(batch);
    },
  };
}
