import { crc32 } from 'node:zlib';
import type { ClickDetails } from './click.ts';
import { decodeDetails, findDetailsEnd } from './click-details-bytes.ts';
import { ClickFormatError } from './click-format-error.ts';

/**
 * The clicks of a tick, or as many of them as a frame holds. It stands for itself: a frame that is lost damages no
 * other, and the number of its first click tells how many clicks are missing before it.
 */
export interface ClickFrame {
  /** Wall clock of the tick, milliseconds. */
  readonly timeMs: number;
  /** How many clicks of its batch were recorded before it. */
  readonly firstClick: number;
  readonly clicks: readonly FrameClick[];
  /** Hits on slugs that no link has. */
  readonly orphans: number;
  /** A few of those slugs. */
  readonly orphanSlugs: readonly string[];
  /** Where its bytes begin and end, in the bytes that it was read from. */
  readonly start: number;
  readonly end: number;
}

export interface FrameClick {
  readonly linkId: number;
  /** The same object for equal details that were read with the same `DetailsMemo`. */
  readonly details: ClickDetails;
  readonly isNewVisitor: boolean;
}

/** Details by their bytes, so that many clicks share an object. */
export type DetailsMemo = Map<string, ClickDetails>;

/**
 * Layout, integers little-endian: magic (4 bytes), CRC-32 of all after it (4), length of all after that (4); time
 * (6), first click (4), number of clicks (2), orphans (4), number of orphan slugs (1), nonce of the process that wrote
 * it (8); the clicks; the slugs, each with its length in a byte before it. A click is its link id and twice the index of
 * its details, plus 1 for a new visitor, both as LEB128; an index that is new in the frame is the next free one, and its
 * details follow.
 *
 * The nonce says nothing by itself: with it, processes on copies of a volume never write equal frames, so that a batch
 * that is counted is the one whose frames it has and no other.
 */
export const frameLayout = {
  magic: Buffer.from([0xf8, 0x43, 0x4c, 0x4b]),
  crc: 4,
  length: 8,
  time: 12,
  firstClick: 18,
  clicks: 22,
  orphans: 24,
  orphanSlugs: 28,
  nonce: 29,
  body: 37,
} as const;

/**
 * A frame has at most this many clicks; a tick of more takes several. Each click adds to at most 16 rows of the
 * rollups, its link's and those of all links, so that what a frame adds to fits into a transaction of 5,000.
 */
export const maxFrameClicks = 256;
/** Bytes of the nonce. */
export const nonceBytes = 8;
/** And at most this many orphan slugs. */
export const maxOrphanSlugs = 4;
/** No frame is longer than this, so that a damaged length is known for one. */
const maxFrameBytes = 1_048_576;

/**
 * Reads the frame at `start`. Throws `ClickFormatError` when no whole, undamaged frame begins there.
 */
export function decodeFrame(bytes: Buffer, start: number, memo: DetailsMemo): ClickFrame {
  const { magic, body } = frameLayout;
  if (bytes.length - start < body || bytes.compare(magic, 0, 4, start, start + 4) !== 0) {
    throw new ClickFormatError('There is no frame.');
  }
  const end = start + frameLayout.time + bytes.readUInt32LE(start + frameLayout.length);
  if (end < start + body || end > bytes.length || end - start > maxFrameBytes) {
    throw new ClickFormatError('A frame is cut off.');
  }
  const sum = crc32(bytes.subarray(start + frameLayout.length, end));
  if (sum !== bytes.readUInt32LE(start + frameLayout.crc)) {
    throw new ClickFormatError('A frame is damaged.');
  }
  const cursor = { at: start + body };
  const clicks = decodeClicks(bytes, bytes.readUInt16LE(start + frameLayout.clicks), cursor, {
    end,
    memo,
  });
  const orphanSlugs: string[] = [];
  for (let left = bytes[start + frameLayout.orphanSlugs] ?? 0; left > 0; left -= 1) {
    const from = cursor.at + 1;
    cursor.at = from + (bytes[cursor.at] ?? 0);
    orphanSlugs.push(bytes.toString('latin1', from, cursor.at));
  }
  if (cursor.at !== end) throw new ClickFormatError('A frame does not end where it says.');
  return {
    timeMs: bytes.readUIntLE(start + frameLayout.time, 6),
    firstClick: bytes.readUInt32LE(start + frameLayout.firstClick),
    clicks,
    orphans: bytes.readUInt32LE(start + frameLayout.orphans),
    orphanSlugs,
    start,
    end,
  };
}

/**
 * Reads every frame that is whole in bytes that may be damaged anywhere, in their order; what lies between is
 * skipped. A frame whose clicks an earlier one already has is skipped too.
 */
export function salvageFrames(bytes: Buffer, from: number, memo: DetailsMemo): ClickFrame[] {
  const frames: ClickFrame[] = [];
  let at = from;
  let nextClick = 0;
  for (;;) {
    at = bytes.indexOf(frameLayout.magic, at);
    if (at === -1) return frames;
    const frame = findFrame(bytes, at, memo);
    if (frame === undefined) {
      at += 1;
      continue;
    }
    at = frame.end;
    if (frame.firstClick < nextClick) continue;
    nextClick = frame.firstClick + frame.clicks.length;
    frames.push(frame);
  }
}

/**
 * How many clicks the frames at `start` say they have, when they look like the frames that follow `firstClick` clicks:
 * all there is to tell of frames that are torn or damaged at the end of a segment.
 */
export function peekClicks(bytes: Buffer, start: number, firstClick: number): number {
  let clicks = 0;
  let at = start;
  while (bytes.length - at >= frameLayout.body) {
    const count = bytes.readUInt16LE(at + frameLayout.clicks);
    const isNext = bytes.readUInt32LE(at + frameLayout.firstClick) === firstClick + clicks;
    if (!isNext || count > maxFrameClicks) break;
    clicks += count;
    at += frameLayout.time + bytes.readUInt32LE(at + frameLayout.length);
  }
  return clicks;
}

function findFrame(bytes: Buffer, at: number, memo: DetailsMemo): ClickFrame | undefined {
  try {
    return decodeFrame(bytes, at, memo);
  } catch (error) {
    if (error instanceof ClickFormatError) return undefined;
    throw error;
  }
}

function decodeClicks(
  bytes: Buffer,
  count: number,
  cursor: { at: number },
  { end, memo }: { readonly end: number; readonly memo: DetailsMemo },
): FrameClick[] {
  const clicks: FrameClick[] = [];
  const table: ClickDetails[] = [];
  for (let left = count; left > 0; left -= 1) {
    const linkId = readVarint(bytes, cursor, end);
    const mark = readVarint(bytes, cursor, end);
    const index = mark >>> 1;
    if (index === table.length) {
      const from = cursor.at;
      cursor.at = findDetailsEnd(bytes, from, end);
      const key = bytes.toString('latin1', from, cursor.at);
      let known = memo.get(key);
      if (known === undefined) {
        known = decodeDetails(bytes, from);
        memo.set(key, known);
      }
      table.push(known);
    }
    const details = table[index];
    if (details === undefined) throw new ClickFormatError('A click has no details.');
    clicks.push({ linkId, details, isNewVisitor: (mark & 1) === 1 });
  }
  return clicks;
}

function readVarint(bytes: Buffer, cursor: { at: number }, end: number): number {
  let value = 0;
  for (let scale = 1; cursor.at < end && scale < 2 ** 56; scale *= 128) {
    const byte = bytes[cursor.at] as number;
    cursor.at += 1;
    value += (byte & 127) * scale;
    if (byte < 128) {
      if (!Number.isSafeInteger(value)) break;
      return value;
    }
  }
  throw new ClickFormatError('A number of a frame is damaged.');
}
