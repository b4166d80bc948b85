import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recoverSegment } from '../../src/clicks/spool/recover-segment.ts';
import { encodeBatchHeader } from '../../src/domain/click-batch-header.ts';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import { type ClickFrame, frameLayout, salvageFrames } from '../../src/domain/click-frame.ts';
import { ClickFrameEncoder } from '../../src/domain/click-frame-encoder.ts';
import { anyTick, type TestTick } from '../support/click-arbitraries.ts';
import { noDetails, someNonce, withVersion } from '../support/sealed-batch.ts';

const clicksBefore = 1_000;
const header = encodeBatchHeader(
  { producer: 'ab'.repeat(16) as ProducerId, seq: 7, clicksBefore, region: 'fra' },
  undefined,
);
const alone = { clicksBefore: 900, clicksThrough: undefined, region: 'here' };

const segments = fc
  .array(
    anyTick.filter(({ clicks }) => clicks.length > 0),
    { minLength: 1, maxLength: 5 },
  )
  .map(write);

describe('a segment that was left behind', () => {
  it('has all of its frames when nothing happened to it', () => {
    fc.assert(
      fc.property(segments, ({ bytes, frames, clicks }) => {
        const found = recoverSegment(bytes, alone);
        expect(found).toMatchObject({
          clicksBefore,
          region: 'fra',
          clicks,
          damaged: 0,
          cutBytes: 0,
        });
        expect(Buffer.compare(found.frames, bytes.subarray(header.length))).toBe(0);
        expect(found.frames.length).toBe((frames.at(-1)?.end ?? 0) - header.length);
      }),
    );
  });

  it('has all frames but the one that a wrong byte is in, whose clicks are counted as damaged', () => {
    fc.assert(
      fc.property(segments, fc.nat(), fc.integer({ min: 1, max: 255 }), (segment, at, flip) => {
        const { bytes, frames, clicks } = segment;
        const where = header.length + (at % (bytes.length - header.length));
        bytes[where] = (bytes[where] as number) ^ flip;
        const hit = frames.find(({ start, end }) => where >= start && where < end) as ClickFrame;
        const found = recoverSegment(bytes, { ...alone, clicksThrough: clicksBefore + clicks });
        expect(readIds(found.frames)).toEqual(readIds(without(bytes, frames, hit)));
        expect(found).toMatchObject({ clicks, damaged: hit.clicks.length });
        // Without a segment after it, only what the last frame says of itself tells how many clicks it had.
        const isSaid = where - hit.start >= 24 || where - hit.start < 4 || hit !== frames.at(-1);
        if (isSaid) expect(recoverSegment(bytes, alone).clicks).toBe(clicks);
      }),
    );
  });

  it('has all frames when its header is damaged', () => {
    fc.assert(
      fc.property(segments, fc.nat(header.length - 1), ({ bytes, clicks }, at) => {
        const whole = bytes.subarray(header.length);
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] as number) ^ 1;
        const found = recoverSegment(damaged, alone);
        expect(Buffer.compare(found.frames, whole)).toBe(0);
        expect(found).toMatchObject({ clicksBefore: 900, region: 'here', clicks, damaged: 0 });
      }),
    );
  });

  it('has every frame before a cut; what a torn frame had is counted when it says so, or when the next segment does', () => {
    fc.assert(
      fc.property(segments, fc.nat(), ({ bytes, frames, clicks }, at) => {
        const length = header.length + (at % (bytes.length - header.length + 1));
        const kept = frames.filter(({ end }) => end <= length);
        const torn = frames[kept.length];
        const found = recoverSegment(bytes.subarray(0, length), alone);
        const readable = kept.reduce((sum, frame) => sum + frame.clicks.length, 0);
        const isSaid = torn !== undefined && length - torn.start >= frameLayout.body;
        expect(readIds(found.frames)).toHaveLength(readable);
        expect(found.damaged).toBe(isSaid ? torn.clicks.length : 0);
        expect(found.clicks).toBe(readable + found.damaged);
        const around = { ...alone, clicksThrough: clicksBefore + clicks };
        expect(recoverSegment(bytes.subarray(0, length), around)).toMatchObject({
          clicks,
          damaged: clicks - readable,
        });
      }),
    );
  });

  it('has nothing when it is empty, or full of zeros', () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(5_000),
      Buffer.concat([header, Buffer.alloc(5_000)]),
    ]) {
      expect(recoverSegment(bytes, alone)).toMatchObject({ clicks: 0, damaged: 0 });
      expect(recoverSegment(bytes, { ...alone, clicksThrough: 1_010 }).damaged).toBeGreaterThan(9);
    }
  });

  it('has no frame whose clicks were dropped, although its write took effect', () => {
    const { bytes } = write([tick(3), tick(2)]);
    const found = recoverSegment(bytes, { ...alone, clicksThrough: clicksBefore + 3 });
    expect(found).toMatchObject({ clicks: 3, damaged: 0 });
    expect(readIds(found.frames)).toHaveLength(3);
  });

  it('of another version of the format is refused with its number', () => {
    const { bytes } = write([tick(1)]);
    expect(() => recoverSegment(Buffer.from(withVersion(bytes, 7)), alone)).toThrow('version 7');
  });
});

function tick(count: number): TestTick {
  return {
    timeMs: 5,
    clicks: Array.from({ length: count }, (_, index) => ({
      linkId: index + 1,
      details: noDetails,
      isNewVisitor: false,
    })),
    orphanSlugs: [],
  };
}

function write(ticks: readonly TestTick[]) {
  const encoder = new ClickFrameEncoder(someNonce);
  const parts: Buffer[] = [header];
  let clicks = 0;
  for (const { timeMs, clicks: its, orphanSlugs } of ticks) {
    for (const { linkId, details, isNewVisitor } of its) encoder.add(linkId, details, isNewVisitor);
    for (const slug of orphanSlugs) encoder.addOrphan(slug);
    parts.push(Buffer.from(encoder.finish(clicks, timeMs)));
    clicks += its.length;
    encoder.clear();
  }
  const bytes = Buffer.concat(parts);
  return { bytes, clicks, frames: salvageFrames(bytes, header.length, new Map()) };
}

function without(bytes: Buffer, frames: readonly ClickFrame[], hit: ClickFrame): Buffer {
  return Buffer.concat(
    frames.filter((frame) => frame !== hit).map(({ start, end }) => bytes.subarray(start, end)),
  );
}

function readIds(frames: Uint8Array): number[] {
  return salvageFrames(Buffer.from(frames), 0, new Map()).flatMap(({ clicks }) =>
    clicks.map(({ linkId }) => linkId),
  );
}
