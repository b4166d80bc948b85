import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClickDetails } from '../../src/domain/click.ts';
import {
  type ClickFrame,
  decodeFrame,
  frameLayout,
  maxFrameClicks,
  maxOrphanSlugs,
  peekClicks,
  salvageFrames,
} from '../../src/domain/click-frame.ts';
import { ClickFrameEncoder } from '../../src/domain/click-frame-encoder.ts';
import { anyTick, type TestTick } from '../support/click-arbitraries.ts';
import { noDetails, someNonce } from '../support/sealed-batch.ts';

describe('a frame', () => {
  it('gives back what went into it', () => {
    const encoder = new ClickFrameEncoder(someNonce);
    fc.assert(
      fc.property(anyTick, fc.nat(2 ** 32 - 30), (tick, firstClick) => {
        fc.pre(tick.clicks.length + tick.orphanSlugs.length > 0);
        const bytes = encode(encoder, tick, firstClick);
        const frame = decodeFrame(bytes, 0, new Map());
        expect(frame).toEqual({
          timeMs: tick.timeMs,
          firstClick,
          clicks: tick.clicks,
          orphans: tick.orphanSlugs.length,
          orphanSlugs: tick.orphanSlugs.slice(0, maxOrphanSlugs),
          start: 0,
          end: bytes.length,
        });
      }),
    );
  });

  it('knows equal details for the same object', () => {
    const encoder = new ClickFrameEncoder(someNonce);
    for (const country of ['DE', 'FR', 'DE']) encoder.add(1, { ...noDetails, country }, false);
    const memo = new Map();
    const [german, french, alsoGerman] = decodeFrame(
      asBuffer(encoder.finish(0, 0)),
      0,
      memo,
    ).clicks;
    expect(german?.details).toBe(alsoGerman?.details);
    expect(german?.details).not.toEqual(french?.details);
    expect(memo.size).toBe(2);
  });

  it('cuts texts that are too long at a whole character', () => {
    const encoder = new ClickFrameEncoder(someNonce);
    encoder.add(1, { ...noDetails, browser: 'é'.repeat(200) }, false);
    const frame = decodeFrame(asBuffer(encoder.finish(0, 0)), 0, new Map());
    expect(frame.clicks[0]?.details.browser).toBe('é'.repeat(127));
  });

  it('writes a time that no clock can have as the nearest one', () => {
    for (const [timeMs, kept] of [
      [-5, 0],
      [1.9, 1],
      [2 ** 60, 2 ** 48 - 1],
    ] as const) {
      const encoder = new ClickFrameEncoder(someNonce);
      encoder.add(1, noDetails, false);
      expect(decodeFrame(asBuffer(encoder.finish(0, timeMs)), 0, new Map()).timeMs).toBe(kept);
    }
  });

  it('is never taken for whole when a byte of it is wrong, or missing', () => {
    fc.assert(
      fc.property(anyTick, fc.nat(), fc.integer({ min: 1, max: 255 }), (tick, at, flip) => {
        fc.pre(tick.clicks.length + tick.orphanSlugs.length > 0);
        const bytes = encode(new ClickFrameEncoder(someNonce), tick, 7);
        const damaged = Buffer.from(bytes);
        const where = at % bytes.length;
        damaged[where] = (damaged[where] as number) ^ flip;
        expect(() => decodeFrame(damaged, 0, new Map())).toThrow('frame');
        expect(() => decodeFrame(bytes.subarray(0, where), 0, new Map())).toThrow('frame');
      }),
    );
  });
});

describe('a tick of many clicks', () => {
  it('takes several frames, each with its own details and the number of its first click', () => {
    const encoder = new ClickFrameEncoder(someNonce);
    const details: ClickDetails[] = Array.from({ length: 50 }, (_, index) => ({
      ...noDetails,
      referrer: `${index}.example.com`,
    }));
    const count = 3 * maxFrameClicks + 1;
    const clicks = Array.from({ length: count }, (_, index) => ({
      linkId: index + 1,
      details: details[index % 50] as ClickDetails,
      isNewVisitor: index % 3 === 0,
    }));
    for (const click of clicks) encoder.add(click.linkId, click.details, click.isNewVisitor);
    encoder.addOrphan('none');
    expect(encoder.clicks).toBe(count);
    const frames = salvageFrames(asBuffer(encoder.finish(11, 5)), 0, new Map());
    expect(frames.map(({ firstClick }) => firstClick)).toEqual([11, 267, 523, 779]);
    expect(frames.map(({ orphans }) => orphans)).toEqual([0, 0, 0, 1]);
    expect(frames.flatMap((frame) => frame.clicks)).toEqual(clicks);
  });

  it('fits, however large its details are', () => {
    const encoder = new ClickFrameEncoder(someNonce);
    const long = 'x'.repeat(255);
    for (let index = 0; index < 600; index += 1) {
      encoder.add(2 ** 53 - 1, { ...noDetails, referrer: long, browser: long, os: long }, true);
    }
    const frames = salvageFrames(asBuffer(encoder.finish(0, 0)), 0, new Map());
    expect(frames.reduce((sum, { clicks }) => sum + clicks.length, 0)).toBe(600);
  });
});

describe('an encoder', () => {
  it('is empty again once it was cleared, and its frames are as those of a new one', () => {
    const used = new ClickFrameEncoder(someNonce);
    fc.assert(
      fc.property(fc.array(anyTick, { minLength: 1, maxLength: 4 }), (ticks) => {
        for (const tick of ticks) {
          expect(used.isEmpty).toBe(true);
          const bytes = encode(used, tick, 3);
          expect(bytes).toEqual(encode(new ClickFrameEncoder(someNonce), tick, 3));
        }
      }),
    );
  });

  it('can be asked again with another number of the first click', () => {
    const encoder = new ClickFrameEncoder(someNonce);
    for (let linkId = 1; linkId <= 300; linkId += 1) encoder.add(linkId, noDetails, false);
    encoder.addOrphan('none');
    encoder.finish(1000, 5);
    const frames = salvageFrames(asBuffer(encoder.finish(0, 5)), 0, new Map());
    expect(frames.map(({ firstClick, orphans }) => [firstClick, orphans])).toEqual([
      [0, 0],
      [256, 1],
    ]);
  });

  it('goes on when it has seen more details than it remembers', () => {
    const encoder = new ClickFrameEncoder(someNonce);
    for (let round = 0; round < 25_000; round += 200) {
      const seen = Array.from({ length: 200 }, (_, index) => ({
        ...noDetails,
        referrer: `${round + index}.example.com`,
      }));
      for (const details of [...seen, ...seen]) encoder.add(1, details, false);
      const frames = salvageFrames(asBuffer(encoder.finish(0, 0)), 0, new Map());
      expect(frames.flatMap(({ clicks }) => clicks.map(({ details }) => details))).toEqual([
        ...seen,
        ...seen,
      ]);
      encoder.clear();
    }
  });
});

describe('frames in damaged bytes', () => {
  const ticks = fc.array(
    anyTick.filter(({ clicks }) => clicks.length > 0),
    { minLength: 1, maxLength: 6 },
  );

  it('are all found but the one that a wrong byte is in', () => {
    fc.assert(
      fc.property(ticks, fc.nat(), fc.integer({ min: 1, max: 255 }), (history, at, flip) => {
        const { bytes, frames } = write(history);
        const where = at % bytes.length;
        bytes[where] = (bytes[where] as number) ^ flip;
        const found = salvageFrames(bytes, 0, new Map());
        expect(found).toEqual(frames.filter(({ start, end }) => where < start || where >= end));
      }),
    );
  });

  it('are all found that end before a cut', () => {
    fc.assert(
      fc.property(ticks, fc.nat(), (history, at) => {
        const { bytes, frames } = write(history);
        const length = at % (bytes.length + 1);
        const found = salvageFrames(bytes.subarray(0, length), 0, new Map());
        expect(found).toEqual(frames.filter(({ end }) => end <= length));
      }),
    );
  });

  it('are found behind any rubbish, the magic of a frame among it', () => {
    fc.assert(
      fc.property(
        ticks,
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(frameLayout.magic))),
        (history, rubbish) => {
          const { bytes, frames } = write(history);
          const before = Buffer.concat(rubbish);
          const found = salvageFrames(Buffer.concat([before, bytes]), 0, new Map());
          expect(found.map(({ clicks }) => clicks)).toEqual(frames.map(({ clicks }) => clicks));
        },
      ),
    );
  });

  it('say how many clicks they had, when only their sums are wrong', () => {
    fc.assert(
      fc.property(ticks, (history) => {
        const { bytes, frames } = write(history);
        for (const { end } of frames) bytes[end - 1] = (bytes[end - 1] as number) ^ 1;
        expect(salvageFrames(bytes, 0, new Map())).toEqual([]);
        const all = history.reduce((sum, { clicks }) => sum + clicks.length, 0);
        expect(peekClicks(bytes, 0, 0)).toBe(all);
      }),
    );
  });
});

function encode(encoder: ClickFrameEncoder, tick: TestTick, firstClick: number): Buffer {
  for (const { linkId, details, isNewVisitor } of tick.clicks) {
    encoder.add(linkId, details, isNewVisitor);
  }
  for (const slug of tick.orphanSlugs) encoder.addOrphan(slug);
  const bytes = Buffer.from(encoder.finish(firstClick, tick.timeMs));
  encoder.clear();
  return bytes;
}

/** The frames of some ticks, one after the other. */
function write(ticks: readonly TestTick[]): { bytes: Buffer; frames: ClickFrame[] } {
  const encoder = new ClickFrameEncoder(someNonce);
  let bytes = Buffer.alloc(0);
  let clicks = 0;
  for (const tick of ticks) {
    bytes = Buffer.concat([bytes, encode(encoder, tick, clicks)]);
    clicks += tick.clicks.length;
  }
  return { bytes, frames: salvageFrames(bytes, 0, new Map()) };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}
