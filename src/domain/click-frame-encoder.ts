import { crc32 } from 'node:zlib';
import type { ClickDetails } from './click.ts';
import { encodeDetails, maxDetailsBytes } from './click-details-bytes.ts';
import { frameLayout, maxFrameClicks, maxOrphanSlugs } from './click-frame.ts';
import { maxSlugLength } from './slug.ts';

/** Room that a click or a frame's end needs at most. */
const margin = 8 + 2 + maxDetailsBytes + frameLayout.body + maxOrphanSlugs * (1 + maxSlugLength);
const maxTimeMs = 2 ** 48 - 1;
/** Details that are remembered with their bytes; past it the memory starts anew. */
const maxKnownDetails = 20_000;

/** Details that were written before. */
interface KnownDetails {
  readonly bytes: Uint8Array;
  /** The last frame that has them, and where in its table. */
  frame: number;
  index: number;
}

/**
 * Writes the frames of a tick straight into one buffer, which is used again and again: nothing is allocated for a
 * click. Add to it, `finish`, use the bytes, `clear`.
 */
export class ClickFrameEncoder {
  #buffer = Buffer.allocUnsafeSlow(65_536);
  /** End of what is written. */
  #at: number = frameLayout.body;
  /** Where the last frame begins. */
  #start = 0;
  /** Clicks in the last frame, and in those before it. */
  #frameClicks = 0;
  #earlierClicks = 0;
  #frameDetails = 0;
  /** Never used twice, so that known details need no reset between frames. */
  #frame = 1;
  #orphans = 0;
  readonly #orphanSlugs: string[] = [];
  readonly #known = new Map<ClickDetails, KnownDetails>();
  readonly #nonce: Uint8Array;

  /** `nonce` is random for each process, `nonceBytes` long. */
  constructor(nonce: Uint8Array) {
    this.#nonce = nonce;
  }

  /** How many clicks were added. */
  get clicks(): number {
    return this.#earlierClicks + this.#frameClicks;
  }

  get isEmpty(): boolean {
    return this.#frameClicks === 0 && this.#orphans === 0;
  }

  /** `details` of equal content should be the same object: they are known by identity. */
  add(linkId: number, details: ClickDetails, isNewVisitor: boolean): void {
    if (this.#frameClicks === maxFrameClicks) this.#beginFrame();
    if (this.#buffer.length - this.#at < margin) this.#grow();
    const known = this.#known.get(details) ?? this.#learn(details);
    const isNew = known.frame !== this.#frame;
    if (isNew) {
      known.frame = this.#frame;
      known.index = this.#frameDetails;
      this.#frameDetails += 1;
    }
    const buffer = this.#buffer;
    let at = this.#at;
    let rest = linkId;
    while (rest > 0x7fff_ffff) {
      buffer[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      buffer[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    buffer[at++] = rest;
    const mark = (known.index << 1) | (isNewVisitor ? 1 : 0);
    if (mark > 127) {
      buffer[at++] = (mark & 127) | 128;
      buffer[at++] = mark >>> 7;
    } else {
      buffer[at++] = mark;
    }
    if (isNew) {
      const { bytes } = known;
      for (let index = 0; index < bytes.length; index += 1) buffer[at++] = bytes[index] as number;
    }
    this.#at = at;
    this.#frameClicks += 1;
  }

  /** `slug` is counted, and kept when it is one of the first of the tick. */
  addOrphan(slug: string): void {
    this.#orphans += 1;
    if (this.#orphanSlugs.length < maxOrphanSlugs) this.#orphanSlugs.push(slug);
  }

  /**
   * The frames, to follow `firstClick` clicks of their batch; at least one, also when nothing was added. They are valid
   * until something is added or cleared, and can be asked for again with another number.
   */
  finish(firstClick: number, timeMs: number): Uint8Array {
    const buffer = this.#buffer;
    let end = this.#at;
    for (const slug of this.#orphanSlugs) {
      const length = buffer.write(slug, end + 1, maxSlugLength, 'latin1');
      buffer[end] = length;
      end += 1 + length;
    }
    const time = Math.min(Math.max(Math.floor(timeMs), 0), maxTimeMs);
    let clicks = firstClick;
    let start = 0;
    while (start < this.#start) {
      const length = buffer.readUInt32LE(start + frameLayout.length);
      this.#seal(start, start + frameLayout.time + length, clicks, time);
      clicks += maxFrameClicks;
      start += frameLayout.time + length;
    }
    this.#putCounts(end, this.#orphans, this.#orphanSlugs.length);
    this.#seal(start, end, clicks, time);
    return buffer.subarray(0, end);
  }

  clear(): void {
    this.#start = 0;
    this.#at = frameLayout.body;
    this.#earlierClicks = 0;
    this.#frameClicks = 0;
    this.#frameDetails = 0;
    this.#frame += 1;
    if (this.#orphans > 0) {
      this.#orphans = 0;
      this.#orphanSlugs.length = 0;
    }
  }

  /** Ends a frame that is full and begins the next. */
  #beginFrame(): void {
    this.#putCounts(this.#at, 0, 0);
    this.#earlierClicks += this.#frameClicks;
    this.#start = this.#at;
    this.#at += frameLayout.body;
    this.#frameClicks = 0;
    this.#frameDetails = 0;
    this.#frame += 1;
  }

  /** Writes what is known of the last frame once it is complete. */
  #putCounts(end: number, orphans: number, orphanSlugs: number): void {
    const start = this.#start;
    const buffer = this.#buffer;
    buffer.set(frameLayout.magic, start);
    buffer.writeUInt32LE(end - start - frameLayout.time, start + frameLayout.length);
    buffer.writeUInt16LE(this.#frameClicks, start + frameLayout.clicks);
    buffer.writeUInt32LE(Math.min(orphans, 0xffff_ffff), start + frameLayout.orphans);
    buffer[start + frameLayout.orphanSlugs] = orphanSlugs;
    buffer.set(this.#nonce, start + frameLayout.nonce);
  }

  /** Writes what is known only when the frame is written down. */
  #seal(start: number, end: number, firstClick: number, timeMs: number): void {
    const buffer = this.#buffer;
    buffer.writeUIntLE(timeMs, start + frameLayout.time, 6);
    buffer.writeUInt32LE(firstClick, start + frameLayout.firstClick);
    const sum = crc32(buffer.subarray(start + frameLayout.length, end));
    buffer.writeUInt32LE(sum, start + frameLayout.crc);
  }

  #learn(details: ClickDetails): KnownDetails {
    if (this.#known.size >= maxKnownDetails) this.#known.clear();
    const known = { bytes: encodeDetails(details), frame: 0, index: 0 };
    this.#known.set(details, known);
    return known;
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(this.#buffer.length * 2);
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }
}
