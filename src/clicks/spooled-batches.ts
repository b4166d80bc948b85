import type { ClickCursor, ProducerId } from '../domain/click-cursor.ts';

/** A sealed batch that a power cut cannot take away any more. */
export interface SpooledBatch {
  readonly producer: ProducerId;
  readonly seq: number;
  /** All clicks of this producer before it. */
  readonly clicksBefore: number;
  /** Clicks in it, the damaged ones with them. */
  readonly clicks: number;
  /** Size of its file. */
  readonly bytes: number;
  /** Sealed after a crash, so that it may be the beginning of what another copy of the volume sealed. */
  readonly isRecovered: boolean;
  /** Of a producer that this node only has the volume of. */
  readonly isInherited: boolean;
}

/** The batches of a spool, as the shipper sees them. */
export interface SpooledBatches {
  /** Every producer that has batches here, this node's own among them. */
  listProducers(): readonly ProducerId[];
  /** Oldest first. */
  listBatches(producer: ProducerId): readonly SpooledBatch[];
  /** Whether more batches of a producer are still to be sealed. */
  isSealing(producer: ProducerId): boolean;
  /** The whole batch, as `ShippedBatch.bytes`; `damaged` when the file no longer holds what was sealed. */
  readBatch(batch: SpooledBatch): Promise<Uint8Array | 'damaged'>;
  /** Puts what can still be read of a damaged batch in its place, as a recovered one; gives how many clicks are lost. */
  mend(batch: SpooledBatch): Promise<number>;
  /**
   * Issues this batch and all later ones of this node's own producer again under a new producer, which new clicks have
   * from then on too: another node counts under the old one.
   */
  reissueFrom(batch: SpooledBatch): Promise<void>;
  /** Forgets a batch that conflicts and may be part of what is counted. */
  drop(batch: SpooledBatch): void;
  /**
   * Told what this node's own copy of `clicks.db` shows; lets go of batches that are counted there and old, up to the
   * number of the newest one that is known to be what is counted under its number.
   */
  release(cursor: ClickCursor, knownUpTo: number): void;
  /** Calls `listener` after each batch that is sealed. Returns the way to stop. */
  onSealed(listener: () => void): () => void;
}
