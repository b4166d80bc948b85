import { encodeBatch } from '../../domain/click-batch.ts';
import { framesToSeal } from './frames-to-seal.ts';
import { storeBatch } from './sealer.ts';
import { type BatchName, batchName } from './spool-names.ts';
import type { SpoolOptions } from './spool-options.ts';
import { StoredBatch } from './spool-producer.ts';
import { loadContent } from './stored-content.ts';

/**
 * Puts what can still be read of a batch in its place, as a mended one, and gives that with the number of clicks that
 * are lost; `undefined` when nothing is wrong with the batch. The damaged file stays; `setAside` renames it. Rejects
 * with the system's errors, also while it may still be possible to read more.
 */
export async function mendBatch(
  options: SpoolOptions & { readonly nonce: Uint8Array },
  batch: StoredBatch,
): Promise<{ readonly mended: StoredBatch; readonly lost: number } | undefined> {
  const { files, compress, clock, nonce } = options;
  const { isWhole, damagedBefore, ...content } = await loadContent(options, batch);
  if (isWhole) return undefined;
  const { seq, clicksBefore, clicks, sealedAtMs } = batch;
  const frames = framesToSeal(content.frames, nonce, clock.now());
  const name: BatchName = { seq, clicksBefore, clicks, sealedAtMs, origin: 'mended' };
  const bytes = encodeBatch(
    { producer: batch.producer, seq, clicksBefore, isRecovered: true, ...content, frames },
    await compress(frames),
  );
  await storeBatch(files, batch.owner, batchName(name, 'batch'), bytes);
  return {
    mended: new StoredBatch(batch.owner, name, bytes.length, clock.monotonicMs()),
    lost: Math.max(0, content.damaged - damagedBefore),
  };
}
