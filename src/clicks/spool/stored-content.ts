import { decodeBatch } from '../../domain/click-batch.ts';
import type { BatchHeader } from '../../domain/click-batch-header.ts';
import { ClickFormatError } from '../../domain/click-format-error.ts';
import { salvageFrames } from '../../domain/click-frame.ts';
import type { Clock } from '../../domain/clock.ts';
import { findSegmentHeader, joinFrames } from './recover-segment.ts';
import type { SegmentContent } from './segment.ts';
import type { SpoolFiles } from './spool-files.ts';
import type { SpoolOptions } from './spool-options.ts';
import type { StoredBatch } from './spool-producer.ts';
import { unpackBeginning } from './unpack-beginning.ts';

/** What a batch's file has, or what is left of it. */
export interface StoredContent extends SegmentContent {
  readonly isWhole: boolean;
  /** How many clicks were damaged already when it was sealed. */
  readonly damagedBefore: number;
}

/**
 * Reads the file of a batch, as far as that is possible. `region` is assumed when it cannot be read. Rejects for a
 * version of the format that is not known, and with the system's error while the file may be readable later.
 */
export async function loadContent(
  {
    files,
    clock,
    region,
    unpack = unpackBeginning,
  }: Pick<SpoolOptions, 'files' | 'clock' | 'region' | 'unpack'>,
  batch: StoredBatch,
): Promise<StoredContent> {
  const bytes = await loadPatiently(files, clock, batch);
  try {
    const { framesBytes, ...whole } = decodeBatch(bytes);
    if (whole.clicks === batch.clicks) {
      const { clicks, damaged } = whole;
      return {
        frames: framesBytes,
        clicks,
        damaged,
        region: whole.region,
        isWhole: true,
        damagedBefore: damaged,
      };
    }
  } catch (error) {
    if (!(error instanceof ClickFormatError) || error.unknownVersion !== undefined) throw error;
  }
  const found = await unpackDamaged(bytes, unpack);
  const frames = salvageFrames(found.frames, 0, new Map());
  const left = joinFrames(
    found.frames,
    frames.filter((frame) => frame.firstClick + frame.clicks.length <= batch.clicks),
  );
  return {
    frames: left.frames,
    clicks: batch.clicks,
    damaged: batch.clicks - left.readable,
    region: found.header?.region ?? region,
    isWhole: false,
    damagedBefore: found.header?.sums?.damaged ?? 0,
  };
}

async function loadPatiently(
  files: SpoolFiles,
  clock: Clock,
  batch: StoredBatch,
): Promise<Uint8Array> {
  try {
    return await files.loadFile(batch.producer, batch.name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return new Uint8Array();
    if (batch.isGivenUp(clock.monotonicMs())) return new Uint8Array();
    throw error;
  }
}

/** What can be unpacked of a damaged batch, and its header when that is whole. */
async function unpackDamaged(
  bytes: Uint8Array,
  unpack: (packed: Uint8Array) => Promise<Buffer>,
): Promise<{ readonly frames: Buffer; readonly header: BatchHeader | undefined }> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = findSegmentHeader(buffer);
  const from = header?.headerBytes ?? buffer.indexOf(zstdMagic);
  const frames = await unpack(from === -1 ? Buffer.alloc(0) : buffer.subarray(from));
  return { frames, header };
}

/** RFC 8878, section 3.1.1. */
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
