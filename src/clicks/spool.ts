import type { ClickCursor, ProducerId } from '../domain/click-cursor.ts';
import type { ClickFrameEncoder } from '../domain/click-frame-encoder.ts';
import type { SpoolCounts, SpoolGauges } from './spool-counts.ts';
import type { SpoolOptions } from './spool-options.ts';
import type { SpooledBatch, SpooledBatches } from './spooled-batches.ts';

/**
 * Keeps this node's clicks until they are counted. Has no timers of its own: `maintain` is called from outside.
 */
export class Spool implements SpooledBatches, AsyncDisposable {
  /** Reads what is there and recovers it. Never rejects: a disk that cannot be used is tried again. */
  static async open(_options: SpoolOptions): Promise<Spool> {
    throw new Error('soon');
  }

  /** The producer of new clicks; `undefined` while the disk cannot be used. */
  get producer(): ProducerId | undefined {
    throw new Error('soon');
  }

  /**
   * Writes the frames of a tick, with one append, and clears `frames`. With `sync: 'tick'` the promise resolves once
   * they are on the disk; it never rejects. What cannot be written is dropped and counted.
   */
  append(_frames: ClickFrameEncoder, _nowMs: number): Promise<void> | undefined {
    throw new Error('soon');
  }

  /** Does what is due: forces to the disk, seals by age, tries again what failed, lets go of what is old. Cheap. */
  maintain(): void {
    throw new Error('soon');
  }

  /** Forces to the disk what was appended. Never rejects. */
  async sync(): Promise<void> {
    throw new Error('soon');
  }

  /** Seals what was appended so far, whatever its age. Rejects with the system's error when that fails. */
  async seal(): Promise<void> {
    throw new Error('soon');
  }

  readCounts(): SpoolCounts {
    throw new Error('soon');
  }

  readGauges(): SpoolGauges {
    throw new Error('soon');
  }

  listProducers(): readonly ProducerId[] {
    throw new Error('soon');
  }

  listBatches(_producer: ProducerId): readonly SpooledBatch[] {
    throw new Error('soon');
  }

  async readBatch(_batch: SpooledBatch): Promise<Uint8Array | 'damaged'> {
    throw new Error('soon');
  }

  async mend(_batch: SpooledBatch): Promise<number> {
    throw new Error('soon');
  }

  async reissueFrom(_batch: SpooledBatch): Promise<void> {
    throw new Error('soon');
  }

  drop(_batch: SpooledBatch): void {
    throw new Error('soon');
  }

  release(_cursor: ClickCursor): void {
    throw new Error('soon');
  }

  onSealed(_listener: () => void): () => void {
    throw new Error('soon');
  }

  /** Seals and syncs everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    throw new Error('soon');
  }
}
