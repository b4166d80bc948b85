import type { SpoolOptions } from './spool-options.ts';
import type { StoredBatch } from './spool-producer.ts';
import { loadContent } from './stored-content.ts';
import { type BatchTools, writeBatch } from './write-batch.ts';

/**
 * Puts what can still be read of a batch in its place, as a mended one, and gives that with the number of clicks that
 * are lost; `undefined` when nothing is wrong with the batch. The damaged file stays; `setAside` renames it. Rejects
 * with the system's errors, also while it may still be possible to read more.
 */
export async function mendBatch(
  options: SpoolOptions & BatchTools,
  batch: StoredBatch,
): Promise<{ readonly mended: StoredBatch; readonly lost: number } | undefined> {
  const { isWhole, damagedBefore, ...content } = await loadContent(options, batch);
  if (isWhole) return undefined;
  const { seq, clicksBefore, sealedAtMs } = batch;
  const place = { seq, clicksBefore, sealedAtMs, origin: 'mended' } as const;
  return {
    mended: await writeBatch(options, batch.owner, place, content),
    lost: Math.max(0, content.damaged - damagedBefore),
  };
}
