import { type BatchHeader, decodeBatchHeader } from '../../domain/click-batch-header.ts';
import { ClickFormatError } from '../../domain/click-format-error.ts';
import { type ClickFrame, peekClicks, salvageFrames } from '../../domain/click-frame.ts';
import type { SegmentContent } from './segment.ts';

/** What is known of an open segment from what lies around it. */
export interface SegmentSurroundings {
  /** Clicks of its producer through the number before. */
  readonly clicksBefore: number;
  /** Clicks of its producer before the next number; `undefined` when there is none. */
  readonly clicksThrough: number | undefined;
  /** Assumed when the header is damaged. */
  readonly region: string;
}

/** What is left of a segment. `cutBytes` are those that are in no frame. */
export interface RecoveredSegment extends SegmentContent {
  readonly clicksBefore: number;
  readonly cutBytes: number;
}

/** The header of an open segment; `undefined` when it is damaged. Throws `ClickFormatError` for an unknown version. */
export function findSegmentHeader(bytes: Buffer): BatchHeader | undefined {
  try {
    return decodeBatchHeader(bytes);
  } catch (error) {
    if (error instanceof ClickFormatError && error.unknownVersion === undefined) return undefined;
    throw error;
  }
}

/**
 * Takes every whole frame from an open segment. Clicks in between that are missing are known by the ordinals, those
 * at the end by the segment after it, or by what the torn frame says of itself.
 */
export function recoverSegment(bytes: Buffer, around: SegmentSurroundings): RecoveredSegment {
  const header = findSegmentHeader(bytes);
  const clicksBefore = header?.clicksBefore ?? around.clicksBefore;
  const from = header?.headerBytes ?? 0;
  const limit =
    around.clicksThrough === undefined
      ? undefined
      : Math.max(0, around.clicksThrough - clicksBefore);
  const found = salvageFrames(bytes, from, new Map());
  // A write that was taken for failed can have left a frame whose clicks were dropped, and counted as such.
  const whole = limit === undefined ? found : found.filter((frame) => endOf(frame) <= limit);
  const last = whole.at(-1);
  const end = last === undefined ? 0 : endOf(last);
  const clicks = limit ?? end + peekClicks(bytes, last?.end ?? from, end);
  const { frames, readable } = joinFrames(bytes, whole);
  return {
    clicksBefore,
    region: header?.region ?? around.region,
    frames,
    clicks,
    damaged: clicks - readable,
    cutBytes: bytes.length - from - frames.length,
  };
}

/** The bytes of some frames, one after the other, and how many clicks are in them. */
export function joinFrames(
  bytes: Buffer,
  frames: readonly ClickFrame[],
): { readonly frames: Uint8Array; readonly readable: number } {
  return {
    frames: Buffer.concat(frames.map(({ start, end }) => bytes.subarray(start, end))),
    readable: frames.reduce((sum, { clicks }) => sum + clicks.length, 0),
  };
}

function endOf(frame: ClickFrame): number {
  return frame.firstClick + frame.clicks.length;
}
