import { ClickFormatError } from '../../domain/click-format-error.ts';
import type { SealTask } from './sealer.ts';
import { batchName } from './spool-names.ts';
import type { SpoolOptions } from './spool-options.ts';
import type { StoredBatch } from './spool-producer.ts';
import { loadContent } from './stored-content.ts';

/** Has a batch that a follower took over sealed again as the follower's. Its file goes, unless it was damaged. */
export function reissueTask(
  batch: StoredBatch,
  options: Pick<SpoolOptions, 'files' | 'clock' | 'region' | 'unpack'> & {
    /** Told how many clicks its file no longer has. */
    readonly onLost: (clicks: number) => void;
  },
): SealTask {
  const { files, onLost } = options;
  let lost: number | undefined;
  return {
    producer: batch.owner,
    seq: batch.seq,
    clicksBefore: batch.clicksBefore,
    origin: batch.origin,
    sealedAtMs: batch.sealedAtMs,
    bytes: batch.bytes,
    clicks: batch.clicks,
    async load() {
      const content = await loadContent(options, batch).catch((error: unknown) => {
        if (!(error instanceof ClickFormatError)) throw error;
        // Of a later release: it cannot be put under another number, and must not hold up what comes after it.
        const { clicks } = batch;
        const nothing = { frames: new Uint8Array(), region: options.region, damagedBefore: 0 };
        return { ...nothing, clicks, damaged: clicks, isWhole: false };
      });
      lost = content.isWhole ? undefined : content.damaged - content.damagedBefore;
      return content;
    },
    discard() {
      if (lost === undefined) {
        files.remove(batch.producer, batch.name);
      } else {
        onLost(lost);
        files.rename(batch.producer, batch.name, batchName(batch, 'damaged'));
      }
    },
  };
}
