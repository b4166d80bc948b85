import { describe, expect, it } from 'vitest';
import type { SegmentFile } from '../../src/clicks/spool/spool-files.ts';
import { ClickFrameEncoder } from '../../src/domain/click-frame-encoder.ts';
import { rememberingLog } from '../support/logged.ts';
import { noDetails } from '../support/sealed-batch.ts';
import { SimulatedDisk, systemError } from '../support/simulated-disk.ts';
import { cursorAt, listOwn, openTestSpool, readClicks } from '../support/test-spool.ts';

describe('a full disk', () => {
  it('costs the clicks that it cannot take, each counted, and no other', async () => {
    const { spool, disk, click, clock } = await openTestSpool();
    click(1);
    disk.capacity = disk.bytes + 10;
    click(2, 3);
    click(4);
    disk.capacity = Number.MAX_SAFE_INTEGER;
    click(5);
    clock.advance(100);
    click(6);
    await spool.seal();
    expect(await readClicks(spool)).toEqual([1, 6]);
    expect(spool.readCounts()).toMatchObject({ recorded: 2, dropped: { disk_full: 4 } });
  });

  it('is asked ten times a second, and not with each tick', async () => {
    const { disk, click, clock } = await openTestSpool();
    click(1);
    disk.capacity = 0;
    let appends = 0;
    disk.onOperation = (_, call) => {
      if (call === 'append') appends += 1;
    };
    for (let ms = 0; ms < 1_000; ms += 1) {
      click(2);
      clock.advance(1);
    }
    expect(appends).toBe(10);
  });

  it('is logged once a minute, with the number of clicks', async () => {
    const { log, lines } = rememberingLog();
    const { spool, disk, click, clock } = await openTestSpool({ log });
    disk.capacity = disk.bytes;
    for (let second = 0; second < 120; second += 1) {
      click(1, 2);
      spool.maintain();
      clock.advance(1_000);
    }
    await spool[Symbol.asyncDispose]();
    const dropped = lines.filter(({ msg }) => msg === 'clicks dropped');
    expect(dropped.map(({ disk_full }) => disk_full)).toEqual([2, 120, 118]);
    expect(lines.length).toBeLessThan(10);
  });

  it('lets go of batches that are counted, however young, and takes clicks again', async () => {
    const { log, lines } = rememberingLog();
    const { spool, disk, click, clock } = await openTestSpool({ log });
    for (let seq = 1; seq <= 3; seq += 1) {
      click(seq);
      await spool.seal();
    }
    const [, second] = listOwn(spool);
    if (second !== undefined) spool.release(cursorAt(second), second.seq);
    disk.capacity = disk.bytes;
    click(4);
    clock.advance(100);
    click(5);
    await spool.seal();
    expect(await readClicks(spool)).toEqual([3, 5]);
    spool.maintain();
    expect(lines.find(({ msg }) => msg === 'counted batches removed early')).toMatchObject({
      batches: 2,
    });
  });

  it('when only batches cannot be sealed any more, keeps the clicks in their segments', async () => {
    const { spool, disk, click, clock } = await openTestSpool();
    disk.onOperation = (_, call) => {
      if (call === 'writeFile') throw systemError('ENOSPC', call);
    };
    for (let second = 1; second <= 5; second += 1) {
      click(second);
      clock.advance(1_000);
      spool.maintain();
      await expect(spool.seal()).rejects.toThrow('ENOSPC');
    }
    expect(spool.readGauges()).toMatchObject({ batches: 0, unconfirmedClicks: 5 });
    disk.onOperation = () => undefined;
    await spool.seal();
    expect(await readClicks(spool)).toEqual([1, 2, 3, 4, 5]);
  });

  it('with memory full of what cannot be sealed costs clicks, and the memory stays bounded', async () => {
    const { spool, disk, click, clock } = await openTestSpool();
    disk.onOperation = (_, call) => {
      if (call === 'writeFile') throw systemError('ENOSPC', call);
    };
    click(1);
    await expect(spool.seal()).rejects.toThrow('ENOSPC');
    const long = 'x'.repeat(255);
    const details = Array.from({ length: 250 }, (_, index) => ({
      ...noDetails,
      country: String(index),
      referrer: long,
      browser: long,
      os: long,
    }));
    const frames = new ClickFrameEncoder(spool.nonce);
    for (let tick = 0; tick < 220; tick += 1) {
      for (const its of details) frames.add(1, its, false);
      void spool.append(frames, clock.now());
    }
    const { recorded, dropped } = spool.readCounts();
    expect(recorded + dropped.disk_full).toBe(55_001);
    expect(dropped.disk_full).toBeGreaterThan(5_000);
    expect(spool.readGauges().bytes).toBeLessThan(34_000_000);
    disk.onOperation = () => undefined;
    clock.advance(1_000);
    await spool.seal();
    expect(spool.readGauges().unconfirmedClicks).toBe(recorded);
  });
});

describe('a write that fails', () => {
  it('costs its tick, and those of the next 100 ms', async () => {
    const { spool, disk, click, clock } = await openTestSpool();
    click(1);
    failOnce(disk, 'append');
    click(2);
    click(3);
    clock.advance(100);
    click(4);
    await spool.seal();
    expect(await readClicks(spool)).toEqual([1, 4]);
    expect(spool.readCounts()).toMatchObject({ recorded: 2, dropped: { io_error: 2 } });
  });

  it('and cannot be cut back leaves its segment as it was, and begins another', async () => {
    const { spool, disk, click, clock } = await openTestSpool();
    click(1);
    disk.capacity = disk.bytes + 10;
    failOnce(disk, 'truncate');
    click(2);
    disk.capacity = Number.MAX_SAFE_INTEGER;
    clock.advance(100);
    click(3);
    const crashed = disk.fork();
    await spool.seal();
    expect(await readClicks(spool)).toEqual([1, 3]);
    expect(listOwn(spool).map(({ seq, clicksBefore }) => [seq, clicksBefore])).toEqual([
      [1, 0],
      [2, 1],
    ]);
    const next = await openTestSpool({ disk: crashed });
    await next.spool.seal();
    expect(await readClicks(next.spool)).toEqual([1, 3]);
  });

  it('in the middle of a new segment leaves nothing behind that could spoil the next attempt', async () => {
    const { disk, click, clock } = await openTestSpool();
    disk.capacity = disk.bytes + 10;
    click(1);
    disk.capacity = Number.MAX_SAFE_INTEGER;
    clock.advance(100);
    click(2);
    disk.capacity = disk.bytes + 10;
    click(3);
    disk.capacity = Number.MAX_SAFE_INTEGER;
    const next = await openTestSpool({ disk: disk.crash() });
    await next.spool.seal();
    expect(await readClicks(next.spool)).toEqual([2]);
  });

  it('but takes effect all the same is not counted after a crash: its click was dropped', async () => {
    const disk = new LyingDisk();
    const { spool, click, clock } = await openTestSpool({ disk });
    click(1);
    disk.isLying = true;
    click(2);
    disk.isLying = false;
    clock.advance(100);
    click(3);
    expect(spool.readCounts()).toMatchObject({ recorded: 2, dropped: { io_error: 1 } });
    const next = await openTestSpool({ disk: disk.crash() });
    await next.spool.seal();
    expect(await readClicks(next.spool)).toEqual([1, 3]);
  });
});

describe('a spool that is full', () => {
  const blocks = 6 * 4_096;

  it('drops clicks rather than batches that are not counted, and says why', async () => {
    const { spool, click, clock } = await openTestSpool({ maxBytes: blocks });
    for (let seq = 1; seq <= 10; seq += 1) {
      click(seq);
      await spool.seal();
      clock.advance(100);
    }
    expect(await readClicks(spool)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(spool.readCounts()).toMatchObject({ recorded: 6, dropped: { spool_full: 4 } });
    expect(spool.readGauges().bytes).toBe(blocks);
  });

  it('goes on once batches are counted, without the oldest of them', async () => {
    const { spool, click, clock } = await openTestSpool({ maxBytes: blocks });
    for (let seq = 1; seq <= 6; seq += 1) {
      click(seq);
      await spool.seal();
    }
    const [first] = listOwn(spool);
    if (first !== undefined) spool.release(cursorAt(first), first.seq);
    click(7);
    await spool.seal();
    click(8);
    clock.advance(100);
    expect(await readClicks(spool)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(spool.readCounts()).toMatchObject({ recorded: 7, dropped: { spool_full: 1 } });
  });
});

/** Writes, says that it could not, and cuts nothing back. */
class LyingDisk extends SimulatedDisk {
  isLying = false;

  override openSegment(folder: string, name: string): SegmentFile {
    const file = super.openSegment(folder, name);
    const lie = (call: string) => {
      if (this.isLying) throw systemError('EIO', call);
    };
    return {
      ...file,
      append: (bytes) => {
        const taken = file.append(bytes);
        lie('append');
        return taken;
      },
      truncate: (length) => {
        lie('truncate');
        file.truncate(length);
      },
    };
  }
}

function failOnce(disk: SimulatedDisk, what: string): void {
  let isDone = false;
  disk.onOperation = (_, call) => {
    if (isDone || call !== what) return;
    isDone = true;
    throw systemError('EIO', call);
  };
}
