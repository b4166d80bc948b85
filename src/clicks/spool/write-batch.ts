import { encodeBatch } from '../../domain/click-batch.ts';
import { ClickFrameEncoder } from '../../domain/click-frame-encoder.ts';
import type { Clock } from '../../domain/clock.ts';
import type { SegmentContent } from './segment.ts';
import type { SpoolFiles } from './spool-files.ts';
import { type BatchName, batchName, temporaryName } from './spool-names.ts';
import { type SpoolProducer, StoredBatch } from './spool-producer.ts';

/** What it takes to write a batch. */
export interface BatchTools {
  readonly files: SpoolFiles;
  readonly compress: (frames: Uint8Array) => Promise<Uint8Array>;
  readonly clock: Clock;
  /** That of the process, in every frame that it writes. */
  readonly nonce: Uint8Array;
}

/**
 * Makes a batch of what there is, and puts its file in place so that a power cut leaves all or nothing of it. Rejects with
 * the system's error.
 *
 * When no frame is left it gets an empty one: a batch without any would be like every other, and would seem to be counted
 * wherever one is.
 */
export async function writeBatch(
  { files, compress, clock, nonce }: BatchTools,
  owner: SpoolProducer,
  place: Omit<BatchName, 'clicks'>,
  { clicks, damaged, region, frames: left }: SegmentContent,
): Promise<StoredBatch> {
  const { seq, clicksBefore, origin } = place;
  const frames = left.length > 0 ? left : new ClickFrameEncoder(nonce).finish(0, clock.now());
  const isRecovered = origin !== 'sealed';
  const bytes = encodeBatch(
    { producer: owner.id, seq, clicksBefore, region, clicks, damaged, isRecovered, frames },
    await compress(frames),
  );
  const name = { ...place, clicks };
  const final = batchName(name, 'batch');
  const temporary = temporaryName(final);
  await files.writeFile(owner.id, temporary, bytes);
  files.rename(owner.id, temporary, final);
  await files.syncFolder(owner.id);
  return new StoredBatch(owner, name, bytes.length, clock.monotonicMs());
}
