import type { SealTask } from './sealer.ts';
import { batchName } from './spool-names.ts';
import type { SpoolOptions } from './spool-options.ts';
import type { StoredBatch } from './spool-producer.ts';
import { loadContent } from './stored-content.ts';

/** Has a batch that a follower took over sealed again as the follower's. Its file goes, unless it was damaged. */
export function reissueTask(
  batch: StoredBatch,
  options: Pick<SpoolOptions, 'files' | 'clock' | 'region'>,
): SealTask {
  const { files } = options;
  let isWhole = true;
  return {
    producer: batch.owner,
    seq: batch.seq,
    clicksBefore: batch.clicksBefore,
    origin: batch.origin,
    sealedAtMs: batch.sealedAtMs,
    bytes: batch.bytes,
    clicks: batch.clicks,
    async load() {
      const content = await loadContent(options, batch);
      isWhole = content.isWhole;
      return content;
    },
    discard() {
      if (isWhole) files.remove(batch.producer, batch.name);
      else files.rename(batch.producer, batch.name, batchName(batch, 'damaged'));
    },
  };
}
