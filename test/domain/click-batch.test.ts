import { hash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClickBatch,
  checkBatch,
  clicksThrough,
  decodeBatch,
  encodeBatch,
  findCounted,
  hashFrames,
  type SealedFrames,
} from '../../src/domain/click-batch.ts';
import { decodeBatchHeader, encodeBatchHeader } from '../../src/domain/click-batch-header.ts';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import { ClickFrameEncoder } from '../../src/domain/click-frame-encoder.ts';
import { anyTick, type TestTick } from '../support/click-arbitraries.ts';
import { sealBatch, someNonce, withVersion } from '../support/sealed-batch.ts';

const producer = '00112233445566778899aabbccddeeff' as ProducerId;
const ticks = fc.array(
  anyTick.filter(({ clicks, orphanSlugs }) => clicks.length + orphanSlugs.length > 0),
  { maxLength: 6 },
);
const anyBatch = fc.record({
  ticks,
  seq: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
  clicksBefore: fc.nat(2 ** 48 - 1),
  region: fc.constantFrom('', 'fra', 'ünïcode'),
  isRecovered: fc.boolean(),
  damaged: fc.nat(1000),
});

describe('a batch', () => {
  it('gives back what was sealed', () => {
    fc.assert(
      fc.property(anyBatch, (given) => {
        const { sealed, bytes } = seal(given);
        const batch = decodeBatch(bytes);
        const { frames, framesBytes, ...rest } = batch;
        const { frames: sealedFrames, ...facts } = sealed;
        expect(rest).toEqual({ ...facts, hash: hash('sha256', sealedFrames) });
        expect(Buffer.compare(framesBytes, sealedFrames)).toBe(0);
        expect(frames.flatMap(({ clicks }) => clicks)).toEqual(
          given.ticks.flatMap(({ clicks }) => clicks),
        );
        expect(frames.map(({ timeMs }) => timeMs)).toEqual(given.ticks.map(({ timeMs }) => timeMs));
      }),
    );
  });

  it('shares equal details between its frames', () => {
    const click = { linkId: 1, details: { country: 'DE' } };
    const batch = decodeBatch(sealBatch({ ticks: [{ clicks: [click] }, { clicks: [click] }] }));
    const [first, second] = batch.frames.map(({ clicks }) => clicks[0]?.details);
    expect(first).toBe(second);
  });

  it('is refused for any byte that is wrong, missing or too many', () => {
    const { bytes } = seal({
      ticks: fc.sample(ticks, { seed: 4, numRuns: 8 }).flat().slice(0, 4),
      seq: 3,
      clicksBefore: 500,
      region: 'fra',
      isRecovered: false,
      damaged: 0,
    });
    for (let at = 0; at < bytes.length; at += 1) {
      const cut = bytes.subarray(0, at);
      expect(() => checkBatch(cut)).toThrow('batch');
      for (const flip of [1, 128, 255]) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] as number) ^ flip;
        expect(() => checkBatch(damaged)).toThrow('batch');
        expect(() => decodeBatch(damaged)).toThrow('batch');
      }
    }
    expect(() => checkBatch(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow('damaged');
  });

  it('of another version is refused with its number, and a damaged version is not taken for one', () => {
    const bytes = sealBatch({ ticks: [{ clicks: [{ linkId: 1 }] }] });
    expect(() => decodeBatch(withVersion(bytes, 9))).toThrow(
      expect.objectContaining({ unknownVersion: 9, message: expect.stringContaining('version 9') }),
    );
    const damaged = Buffer.from(bytes);
    damaged[3] = 9;
    expect(() => decodeBatch(damaged)).toThrow(
      expect.objectContaining({ unknownVersion: undefined }),
    );
  });

  it.each<[string, Partial<SealedFrames>]>([
    ['has fewer clicks than its frames', { clicks: 1 }],
    ['has more clicks than its frames and no damage', { clicks: 9 }],
    ['has damage that does not add up', { damaged: 1 }],
  ])('that %s is refused', (_, wrong) => {
    const { sealed } = seal(twoTicks);
    expect(() => decodeBatch(pack({ ...sealed, ...wrong }))).toThrow('add up');
  });

  it('whose frames are out of order, or are none, is refused', () => {
    const { sealed } = seal(twoTicks);
    const [first, second] = decodeBatch(pack(sealed)).frames;
    const parts = [second, first].map((frame) => sealed.frames.subarray(frame?.start, frame?.end));
    const swapped = { ...sealed, frames: Buffer.concat(parts) };
    expect(() => decodeBatch(pack(swapped))).toThrow('out of order');
    expect(() => decodeBatch(pack({ ...sealed, frames: Buffer.from('frames') }))).toThrow('frame');
  });

  it('whose frames are not those of its hash is refused, though all sums are right', () => {
    const { sealed } = seal(twoTicks);
    const { sealed: other } = seal({ ...twoTicks, ticks: [...twoTicks.ticks].reverse() });
    const bytes = Buffer.from(encodeBatch(sealed, zstdCompressSync(other.frames)));
    expect(() => checkBatch(bytes)).not.toThrow();
    expect(() => decodeBatch(bytes)).toThrow('not those');
  });

  it('cannot unpack to more than it says', () => {
    const { sealed } = seal(twoTicks);
    const bomb = encodeBatch(sealed, zstdCompressSync(Buffer.alloc(10_000_000)));
    expect(() => decodeBatch(bomb)).toThrow('unpacked');
  });

  it('is not an open segment', () => {
    const header = encodeBatchHeader(
      { producer, seq: 1, clicksBefore: 0, region: 'fra' },
      undefined,
    );
    expect(decodeBatchHeader(header).sums).toBeUndefined();
    expect(() => checkBatch(header)).toThrow('not sealed');
  });
});

describe('what is counted of a batch', () => {
  it('is found again after each of its frames, also in a longer version of it', () => {
    fc.assert(
      fc.property(anyBatch, fc.nat(), (given, cut) => {
        const whole = decodeBatch(seal({ ...given, damaged: 0 }).bytes);
        const kept = cut % (whole.frames.length + 1);
        const shorter = decodeBatch(
          seal({ ...given, damaged: 0, ticks: given.ticks.slice(0, kept) }).bytes,
        );
        expect(shorter.hash).toBe(hashFrames(whole, kept));
        expect(findCounted(whole, { clicks: shorter.clicks, hash: shorter.hash })).toBe(kept);
      }),
    );
  });

  it('is found though clicks at the end of the shorter version were damaged', () => {
    const whole = decodeBatch(seal({ ...twoTicks, damaged: 0 }).bytes);
    const first = { ...twoTicks, ticks: twoTicks.ticks.slice(0, 1) };
    const shorter = decodeBatch(seal({ ...first, damaged: 1 }).bytes);
    expect(findCounted(whole, shorter)).toBe(1);
  });

  it('is not found in another batch', () => {
    const whole = decodeBatch(seal(twoTicks).bytes);
    const other = decodeBatch(seal({ ...twoTicks, ticks: [...twoTicks.ticks].reverse() }).bytes);
    expect(findCounted(whole, other)).toBeUndefined();
  });

  it('is told apart by hits on unknown slugs too, which are no clicks', () => {
    const tick = { orphanSlugs: ['none'], clicks: [], timeMs: 1 };
    const batch: ClickBatch = decodeBatch(seal({ ...twoTicks, ticks: [tick, tick, tick] }).bytes);
    expect(batch.frames.map(clicksThrough)).toEqual([0, 0, 0]);
    expect(
      [0, 1, 2, 3].map((count) =>
        findCounted(batch, { clicks: 0, hash: hashFrames(batch, count) }),
      ),
    ).toEqual([0, 1, 2, 3]);
  });
});

interface Given {
  readonly ticks: readonly TestTick[];
  readonly seq: number;
  readonly clicksBefore: number;
  readonly region: string;
  readonly isRecovered: boolean;
  readonly damaged: number;
}

const details = {
  isBot: false,
  country: null,
  referrer: null,
  browser: null,
  os: null,
  device: null,
};
const twoTicks: Given = {
  ticks: [1, 2].map((linkId) => ({
    timeMs: linkId,
    clicks: [{ linkId, details, isNewVisitor: false }],
    orphanSlugs: [],
  })),
  seq: 1,
  clicksBefore: 0,
  region: 'fra',
  isRecovered: false,
  damaged: 0,
};

/** Seals ticks; `damaged` clicks are missing at the end. */
function seal(given: Given): { readonly sealed: SealedFrames; readonly bytes: Uint8Array } {
  const encoder = new ClickFrameEncoder(someNonce);
  const frames: Buffer[] = [];
  let clicks = 0;
  for (const tick of given.ticks) {
    for (const click of tick.clicks) encoder.add(click.linkId, click.details, click.isNewVisitor);
    for (const slug of tick.orphanSlugs) encoder.addOrphan(slug);
    frames.push(Buffer.from(encoder.finish(clicks, tick.timeMs)));
    clicks += encoder.clicks;
    encoder.clear();
  }
  const { ticks: _, ...facts } = given;
  const all = clicks + given.damaged;
  const sealed = { ...facts, producer, clicks: all, frames: Buffer.concat(frames) };
  return { sealed, bytes: pack(sealed) };
}

function pack(sealed: SealedFrames): Uint8Array {
  return encodeBatch(sealed, zstdCompressSync(sealed.frames));
}
