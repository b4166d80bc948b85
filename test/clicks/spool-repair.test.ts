import { describe, expect, it } from 'vitest';
import type { SpooledBatch } from '../../src/clicks/spooled-batches.ts';
import { decodeBatch } from '../../src/domain/click-batch.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { type SimulatedDisk, systemError } from '../support/simulated-disk.ts';
import {
  cursorAt,
  damageBatch,
  listEndings,
  listOwn,
  openTestSpool,
  openWithBatches,
  readClicks,
  readWhole,
  type TestSpool,
} from '../support/test-spool.ts';

describe('a batch whose file is damaged', () => {
  it('is mended with what can still be read, and the rest is counted as lost', async () => {
    const test = await openWithBatches(2);
    // Large enough for several blocks of zstd, of which the last one is damaged.
    for (let tick = 0; tick < 35; tick += 1) test.click(...manyIds(tick));
    await test.spool.seal();
    damageBatch(test, 3, (bytes) => bytes.fill(0x55, bytes.length - 100));
    const [, , third] = listOwn(test.spool);
    if (third === undefined) throw new Error('no third batch');
    expect(await test.spool.readBatch(third)).toBe('damaged');
    const lost = await test.spool.mend(third);
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThan(third.clicks);
    expect(test.spool.readCounts().lost).toEqual({ torn: 0, damaged: lost });
    const mended = listOwn(test.spool)[2];
    expect(mended).toMatchObject({ seq: 3, clicks: third.clicks, isRecovered: true });
    const batch = decodeBatch(await readWhole(test.spool, mended));
    expect(batch).toMatchObject({ clicks: third.clicks, damaged: lost, isRecovered: true });
    expect(listEndings(test)).toContain('damaged');

    // What was lost before is not lost again.
    damageBatch(test, 3, (bytes) => bytes.fill(0x55, 200));
    if (mended === undefined) throw new Error('not mended');
    expect(await test.spool.mend(mended)).toBe(third.clicks - lost);
  });

  it.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['empty', () => Buffer.alloc(0)],
    ['full of zeros', (bytes) => bytes.fill(0)],
    ['that of another batch', (bytes) => bytes.fill(9, 27, 33)],
  ])(
    'and %s is lost as a whole or not at all, and the next one goes on from it',
    async (_, change) => {
      const test = await openWithBatches(3);
      damageBatch(test, 2, change);
      const [, second] = listOwn(test.spool);
      if (second === undefined) throw new Error('no second batch');
      expect(await test.spool.readBatch(second)).toBe('damaged');
      const lost = await test.spool.mend(second);
      expect(await readClicks(test.spool)).toEqual(lost === 0 ? [1, 2, 3] : [1, 3]);
      const { damaged, clicks } = decodeBatch(await readWhole(test.spool, listOwn(test.spool)[1]));
      expect([damaged, clicks]).toEqual([lost, 1]);
    },
  );

  it('and of which nothing is left is not like that of a copy of its volume', async () => {
    const test = await openWithBatches(1);
    damageBatch(test, 1, () => Buffer.alloc(0));
    const copy = await openTestSpool({ disk: test.disk.fork(), random: seededRandom('copy') });
    const hashes: string[] = [];
    for (const { spool } of [test, copy]) {
      await spool.mend(listOwn(spool)[0] as SpooledBatch);
      hashes.push(decodeBatch(await readWhole(spool, listOwn(spool)[0])).hash);
    }
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it('is mended once; there is nothing to mend after that', async () => {
    const test = await openWithBatches(1);
    damageBatch(test, 1, () => Buffer.alloc(0));
    const [batch] = listOwn(test.spool);
    if (batch === undefined) throw new Error('no batch');
    expect([await test.spool.mend(batch), await test.spool.mend(batch)]).toEqual([1, 0]);
  });

  it('is asked for again for a minute when the disk cannot read it, and then given up', async () => {
    const test = await openWithBatches(1);
    test.disk.onOperation = (_, call) => {
      if (call === 'loadFile') throw systemError('EIO', call);
    };
    const [batch] = listOwn(test.spool);
    if (batch === undefined) throw new Error('no batch');
    await expect(test.spool.readBatch(batch)).rejects.toThrow('EIO');
    test.clock.advance(59_999);
    await expect(test.spool.readBatch(batch)).rejects.toThrow('EIO');
    await expect(test.spool.mend(batch)).rejects.toThrow('EIO');
    test.clock.advance(1);
    expect(await test.spool.readBatch(batch)).toBe('damaged');
    expect(await test.spool.mend(batch)).toBe(1);
  });

  it('is asked for anew for a minute when the disk could read it in between', async () => {
    const test = await openWithBatches(1);
    let isReadable = false;
    test.disk.onOperation = (_, call) => {
      if (call === 'loadFile' && !isReadable) throw systemError('EIO', call);
    };
    const [batch] = listOwn(test.spool);
    if (batch === undefined) throw new Error('no batch');
    await expect(test.spool.readBatch(batch)).rejects.toThrow('EIO');
    isReadable = true;
    expect(await test.spool.readBatch(batch)).not.toBe('damaged');
    isReadable = false;
    test.clock.advance(60_000);
    await expect(test.spool.readBatch(batch)).rejects.toThrow('EIO');
  });

  it('is kept aside for as long as batches are', async () => {
    const test = await openWithBatches(2);
    damageBatch(test, 1, () => Buffer.alloc(0));
    const [first, second] = listOwn(test.spool);
    if (first === undefined || second === undefined) throw new Error('no batches');
    await test.spool.mend(first);
    test.spool.release(cursorAt(second), second.seq);
    test.spool.maintain();
    expect(listEndings(test)).toEqual(['batch', 'batch', 'damaged']);
    test.clock.advance(3_600_000);
    test.spool.maintain();
    expect(listEndings(test)).toEqual(['batch']);
  });

  it('is not mended twice when the process dies before its old file is out of the way', async () => {
    const test = await openWithBatches(2);
    damageBatch(test, 1, () => Buffer.alloc(0));
    const [first] = listOwn(test.spool);
    if (first === undefined) throw new Error('no batch');
    const { disk } = test;
    let isMended = false;
    disk.onOperation = (_, call) => {
      if (isMended && call === 'rename') disk.stop();
      isMended ||= call === 'rename';
    };
    await test.spool.mend(first);
    const next = await openTestSpool({ disk: disk.crash() });
    expect(listOwn(next.spool)).toMatchObject([
      { seq: 1, isRecovered: true },
      { seq: 2, isRecovered: false },
    ]);
    expect(await readClicks(next.spool)).toEqual([2]);
  });
});

describe('a segment that is still there beside its batch', () => {
  it('is removed when the batch is whole', async () => {
    const test = await dieBeforeRemoval();
    expect(listOwn(test.spool)).toMatchObject([{ seq: 1, isRecovered: false }]);
    expect(listEndings(test)).toEqual(['batch']);
    expect(test.disk.list().filter((name) => name.endsWith('.open'))).toEqual([]);
  });

  it('takes its place when the batch is damaged', async () => {
    const test = await dieBeforeRemoval((disk, folder, name) =>
      disk.damage(folder, name, () => Buffer.alloc(3)),
    );
    await test.spool.seal();
    expect(await readClicks(test.spool)).toEqual([1, 2]);
    expect(listOwn(test.spool)).toMatchObject([{ seq: 1, isRecovered: true }]);
  });

  it('is removed when less is left of it than of the damaged batch', async () => {
    const test = await dieBeforeRemoval((disk, folder, name) => {
      disk.damage(folder, name, (bytes) => bytes.fill(0, 4, 8));
      disk.damage(folder, '1.open', (bytes) => bytes.subarray(0, -1));
    });
    const [batch] = listOwn(test.spool);
    if (batch === undefined) throw new Error('no batch');
    expect(await test.spool.mend(batch)).toBe(0);
    expect(await readClicks(test.spool)).toEqual([1, 2]);
  });
});

describe('a batch that is given up', () => {
  it('is forgotten, and its number stays taken', async () => {
    const test = await openWithBatches(2);
    const second = listOwn(test.spool)[1];
    if (second === undefined) throw new Error('no batch');
    test.spool.drop(second);
    test.spool.drop(second);
    const next = await openTestSpool({ disk: test.disk.crash(), clock: test.clock });
    expect(await readClicks(next.spool)).toEqual([1]);
    test.clock.advance(3_600_000);
    next.spool.maintain();
    const last = await openTestSpool({ disk: next.disk.crash(), clock: test.clock });
    last.click(3);
    await last.spool.seal();
    expect(listOwn(last.spool).map(({ seq, clicksBefore }) => [seq, clicksBefore])).toEqual([
      [1, 0],
      [3, 2],
    ]);
    last.spool.maintain();
    expect(listEndings(last)).toEqual(['batch', 'batch']);
  });
});

/** The spool that begins after one died between sealing a batch of two ticks and removing its segment. */
async function dieBeforeRemoval(
  damageFiles: (disk: SimulatedDisk, folder: string, name: string) => void = () => undefined,
): Promise<TestSpool> {
  const { spool, disk, click } = await openTestSpool();
  click(1);
  click(2);
  disk.onOperation = (_, call) => {
    if (call === 'remove') disk.stop();
  };
  await spool.seal();
  const left = disk.crash();
  const path = left.list().find((name) => name.endsWith('.batch')) ?? '';
  const [folder = '', name = ''] = path.split('/');
  damageFiles(left, folder, name);
  return openTestSpool({ disk: left });
}

function manyIds(tick: number): number[] {
  return Array.from({ length: 1_000 }, (_, index) => 2 ** 50 + tick * 7_919 + index * 104_729);
}
