import { checkBatch } from '../../domain/click-batch.ts';
import { ClickFormatError } from '../../domain/click-format-error.ts';
import type { SpoolOptions } from './spool-options.ts';
import type { StoredBatch } from './spool-producer.ts';

/**
 * The bytes of a batch, when its file still has what was sealed. Rejects with the system's error, also while the file
 * may be readable later, and with `ClickFormatError` for a version that is not known.
 */
export async function loadWhole(
  { files, clock }: Pick<SpoolOptions, 'files' | 'clock'>,
  batch: StoredBatch,
): Promise<Uint8Array | 'damaged'> {
  try {
    const bytes = await files.loadFile(batch.producer, batch.name);
    batch.noteReadable();
    const { producer, seq, sums } = checkBatch(bytes);
    const isIt = producer === batch.producer && seq === batch.seq && sums.clicks === batch.clicks;
    return isIt ? bytes : 'damaged';
  } catch (error) {
    if (error instanceof ClickFormatError && error.unknownVersion === undefined) return 'damaged';
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'damaged';
    if (code === 'EIO' && batch.isGivenUp(clock.monotonicMs())) return 'damaged';
    throw error;
  }
}
