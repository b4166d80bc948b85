import { hash } from 'node:crypto';
import { crc32, zstdDecompressSync } from 'node:zlib';
import {
  type BatchHeader,
  type BatchIdentity,
  type BatchSums,
  decodeBatchHeader,
  encodeBatchHeader,
} from './click-batch-header.ts';
import { ClickFormatError } from './click-format-error.ts';
import { type ClickFrame, type DetailsMemo, decodeFrame } from './click-frame.ts';
import { findPrefix } from './find-prefix.ts';

/** A sealed batch that was read and found to be whole. */
export interface ClickBatch extends BatchIdentity {
  /** All clicks that were recorded in it, the damaged ones with them. */
  readonly clicks: number;
  /** How many of them are in no frame. */
  readonly damaged: number;
  readonly isRecovered: boolean;
  /** SHA-256 of all frames, hex. */
  readonly hash: string;
  /**
   * In the order they were recorded. Equal details are the same object throughout the batch. After a frame,
   * `clicksThrough(frame)` clicks of the batch are behind.
   */
  readonly frames: readonly ClickFrame[];
  /** The bytes that the frames were read from. */
  readonly framesBytes: Uint8Array;
}

/** What a batch is sealed from. */
export interface SealedFrames extends BatchIdentity {
  /** All clicks that were recorded, whether they are in `frames` or not. */
  readonly clicks: number;
  readonly damaged: number;
  readonly isRecovered: boolean;
  /** One after the other. */
  readonly frames: Uint8Array;
}

/** No batch has more than this in frames, so that a forged one cannot fill the memory. */
const maxFramesBytes = 67_108_864;

/**
 * The bytes of a batch: its header, then its frames, compressed with zstd. `packed` are `sealed.frames` compressed:
 * the spool has that done away from the main thread.
 */
export function encodeBatch(sealed: SealedFrames, packed: Uint8Array): Uint8Array {
  const sums: BatchSums = {
    clicks: sealed.clicks,
    damaged: sealed.damaged,
    isRecovered: sealed.isRecovered,
    framesBytes: sealed.frames.length,
    packedBytes: packed.length,
    packedSum: crc32(packed),
    hash: hash('sha256', sealed.frames),
  };
  return Buffer.concat([encodeBatchHeader(sealed, sums), packed]);
}

/**
 * Checks a batch without unpacking it: any byte that is wrong, missing or too many is found. Gives its header; throws
 * `ClickFormatError`.
 */
export function checkBatch(bytes: Uint8Array): BatchHeader & { readonly sums: BatchSums } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = decodeBatchHeader(buffer);
  const { sums } = header;
  if (sums === undefined) throw new ClickFormatError('The batch is not sealed.');
  if (
    header.headerBytes + sums.packedBytes !== buffer.length ||
    crc32(buffer.subarray(header.headerBytes)) !== sums.packedSum
  ) {
    throw new ClickFormatError('The frames of the batch are damaged.');
  }
  return { ...header, sums };
}

/** Reads a whole batch. Throws `ClickFormatError`, with the version when this release does not know it. */
export function decodeBatch(bytes: Uint8Array): ClickBatch {
  const { sums, headerBytes, ...identity } = checkBatch(bytes);
  if (sums.framesBytes > maxFramesBytes) throw new ClickFormatError('The batch is too large.');
  const framesBytes = unpack(bytes.subarray(headerBytes), sums.framesBytes);
  if (hash('sha256', framesBytes) !== sums.hash) {
    throw new ClickFormatError('The frames of the batch are not those that were sealed.');
  }
  const memo: DetailsMemo = new Map();
  const frames: ClickFrame[] = [];
  let at = 0;
  let clicksSoFar = 0;
  let readable = 0;
  while (at < framesBytes.length) {
    const frame = decodeFrame(framesBytes, at, memo);
    if (frame.firstClick < clicksSoFar) {
      throw new ClickFormatError('The frames of the batch are out of order.');
    }
    clicksSoFar = clicksThrough(frame);
    readable += frame.clicks.length;
    frames.push(frame);
    at = frame.end;
  }
  if (clicksSoFar > sums.clicks || readable + sums.damaged !== sums.clicks) {
    throw new ClickFormatError('The clicks of the batch do not add up.');
  }
  const { clicks, damaged, isRecovered } = sums;
  return { ...identity, clicks, damaged, isRecovered, hash: sums.hash, frames, framesBytes };
}

/** How many clicks of its batch are behind once a frame was read, the damaged ones with them. */
export function clicksThrough(frame: ClickFrame): number {
  return frame.firstClick + frame.clicks.length;
}

/** SHA-256, hex, of the first `count` frames: `ClickCursor.hash` of a batch of which that much is counted. */
export function hashFrames(batch: ClickBatch, count: number): string {
  return hash('sha256', batch.framesBytes.subarray(0, batch.frames[count - 1]?.end ?? 0));
}

/**
 * How many frames of a batch are the ones that a cursor stands for; `undefined` when the batch does not begin with
 * what is counted. `clicks` only says where to look first: damaged clicks are in it, but in no frame.
 */
export function findCounted(
  batch: ClickBatch,
  counted: { readonly clicks: number; readonly hash: string },
): number | undefined {
  const likely = batch.frames.findLastIndex((frame) => clicksThrough(frame) === counted.clicks) + 1;
  return hashFrames(batch, likely) === counted.hash ? likely : findPrefix(batch, counted.hash);
}

function unpack(packed: Uint8Array, framesBytes: number): Buffer {
  try {
    const frames = zstdDecompressSync(packed, { maxOutputLength: Math.max(framesBytes, 1) });
    if (frames.length === framesBytes) return frames;
  } catch (cause) {
    throw new ClickFormatError(`The frames of the batch cannot be unpacked: ${String(cause)}`);
  }
  throw new ClickFormatError('The frames of the batch are not as long as they were.');
}
