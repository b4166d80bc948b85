import { describe, expect, it } from 'vitest';
import type { SpooledBatch } from '../../src/clicks/spooled-batches.ts';
import type { ClickCursor } from '../../src/domain/click-cursor.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { rememberingLog } from '../support/logged.ts';
import { type SimulatedDisk, systemError } from '../support/simulated-disk.ts';
import {
  cursorAt,
  listOwn,
  openTestSpool,
  openWithBatches,
  readClicks,
  type TestSpool,
} from '../support/test-spool.ts';

const hourMs = 3_600_000;

describe('a batch', () => {
  it('stays until it is counted here, however old it is', async () => {
    const test = await openWithBatches(3);
    test.clock.advance(100 * hourMs);
    test.spool.maintain();
    expect(await readClicks(test.spool)).toEqual([1, 2, 3]);
  });

  it('stays until it is old, although it is counted here', async () => {
    const test = await openWithBatches(3);
    release(test, 3);
    test.clock.advance(hourMs - 1);
    test.spool.maintain();
    expect(await readClicks(test.spool)).toEqual([1, 2, 3]);
    test.clock.advance(1);
    test.spool.maintain();
    expect(await readClicks(test.spool)).toEqual([3]);
  });

  it('stays as long as no good backup has it, although it is counted and old', async () => {
    let heldForMs = Number.POSITIVE_INFINITY;
    const test = await openWithBatches(3, { heldForMs: () => heldForMs });
    release(test, 3);
    test.clock.advance(10 * hourMs);
    test.spool.maintain();
    expect(await readClicks(test.spool)).toEqual([1, 2, 3]);
    heldForMs = 10 * hourMs + 1;
    test.spool.maintain();
    expect(await readClicks(test.spool)).toEqual([1, 2, 3]);
    heldForMs = 10 * hourMs;
    test.spool.maintain();
    expect(await readClicks(test.spool)).toEqual([3]);
  });

  it('that is counted in part stays, and so do those after it', async () => {
    const test = await openWithBatches(3);
    const second = listOwn(test.spool)[1];
    if (second === undefined) throw new Error('no second batch');
    test.spool.release({ ...cursorAt(second), isComplete: false }, second.seq);
    test.clock.advance(hourMs);
    test.spool.maintain();
    expect(await readClicks(test.spool)).toEqual([2, 3]);
  });

  it('of which a shorter version is counted stays', async () => {
    const test = await openWithBatches(2);
    const first = listOwn(test.spool)[0];
    if (first === undefined) throw new Error('no first batch');
    test.spool.release({ ...cursorAt(first), clicks: 0, merged: 0 }, first.seq);
    test.clock.advance(hourMs);
    test.spool.maintain();
    expect(await readClicks(test.spool)).toEqual([1, 2]);
  });

  it('that is not counted any more, because the primary went back in time, stays', async () => {
    const test = await openWithBatches(3);
    release(test, 3);
    release(test, 1);
    test.clock.advance(hourMs);
    test.spool.maintain();
    expect(await readClicks(test.spool)).toEqual([2, 3]);
    expect(test.spool.readGauges().unconfirmedClicks).toBe(2);
  });

  it('stays when it is the newest, so that its number is never used again', async () => {
    const test = await openWithBatches(2);
    release(test, 2);
    test.clock.advance(hourMs);
    test.spool.maintain();
    expect(listOwn(test.spool).map(({ seq }) => seq)).toEqual([2]);
    const next = await openTestSpool({ disk: test.disk.crash(), clock: test.clock });
    next.click(3);
    await next.spool.seal();
    expect(listOwn(next.spool).map(({ seq, clicksBefore }) => [seq, clicksBefore])).toEqual([
      [2, 1],
      [3, 2],
    ]);
  });

  it('ages by the time that goes by when the wall clock is set back', async () => {
    const clock = fakeClock(Date.UTC(2030, 0));
    const test = await openWithBatches(2, { clock });
    release(test, 2);
    clock.setNow(Date.UTC(2026, 0));
    clock.advance(hourMs - 1);
    test.spool.maintain();
    expect(listOwn(test.spool)).toHaveLength(2);
    clock.advance(1);
    test.spool.maintain();
    expect(listOwn(test.spool)).toHaveLength(1);
  });

  it('keeps its age through a restart', async () => {
    const test = await openWithBatches(2);
    test.clock.advance(hourMs);
    const next = await openTestSpool({ disk: test.disk.crash(), clock: test.clock });
    release(next, 2);
    next.spool.maintain();
    expect(listOwn(next.spool)).toHaveLength(1);
  });

  it('goes with a hundred others at a time at most', async () => {
    const test = await openWithBatches(250);
    release(test, 250);
    test.clock.advance(hourMs);
    const left = [1, 2, 3].map(() => {
      test.spool.maintain();
      return listOwn(test.spool).length;
    });
    expect(left).toEqual([150, 50, 1]);
  });
});

describe('a file that cannot be removed', () => {
  it('because it is gone counts as removed', async () => {
    const test = await openWithBatches(4);
    const [first = ''] = test.disk.list().filter((name) => name.endsWith('.batch'));
    const [folder = '', name = ''] = first.split('/');
    test.disk.remove(folder, name);
    release(test, 4);
    test.clock.advance(hourMs);
    test.spool.maintain();
    expect(listOwn(test.spool).map(({ seq }) => seq)).toEqual([4]);
  });

  it.each(['EPERM', 'EIO'])(
    'because of %s is logged, and stays alone until it is tried again a minute later',
    async (code) => {
      const { log, lines } = rememberingLog();
      const first = await openWithBatches(4);
      const moved = await openTestSpool({ disk: first.disk.copyFiles(), clock: first.clock, log });
      moved.click(5);
      await moved.spool.seal();
      moved.click(6);
      await moved.spool.seal();
      const inherited = first.spool.producer ?? ('' as never);
      const old = [...moved.spool.listBatches(inherited)];
      // Set aside, so that all kinds of files are there.
      moved.spool.drop(old[0] as SpooledBatch);
      moved.spool.drop(old[1] as SpooledBatch);
      moved.spool.release(cursorAt(old[3] as SpooledBatch), 4);
      release(moved, 2);
      const heal = refuseRemoval(moved.disk, code, ['1-', '3-']);
      moved.clock.advance(hourMs);
      moved.spool.maintain();
      const left = () =>
        moved.disk
          .list()
          .filter((name) => /\.(batch|dropped)$/.test(name))
          .map((name) => `${name.startsWith(inherited) ? 'old' : 'own'} ${name.split(/[/-]/)[1]}`);
      expect(left().toSorted()).toEqual(['old 1', 'old 3', 'own 1', 'own 2']);
      const failures = lines.filter(({ msg }) => msg === 'batches cannot be removed');
      expect(failures).toMatchObject([{ level: 40, failures: 3, err: { code } }]);
      heal();
      moved.clock.advance(60_000);
      moved.spool.maintain();
      expect(left()).toEqual(['own 2']);
    },
  );

  it('does not keep a full spool from making room with the next one', async () => {
    const test = await openWithBatches(3, { maxBytes: 3 * 4_096 });
    release(test, 2);
    refuseRemoval(test.disk, 'EPERM', ['1-']);
    test.click(4);
    await test.spool.seal();
    expect(listOwn(test.spool).map(({ seq }) => seq)).toEqual([1, 3, 4]);
    expect(test.spool.readCounts().dropped).toMatchObject({ spool_full: 0 });
  });
});

describe('what a destroyed volume would lose', () => {
  it('is every click that is not counted here, sealed or not', async () => {
    const test = await openWithBatches(3);
    test.click(4, 5);
    const unconfirmed = () => test.spool.readGauges().unconfirmedClicks;
    expect(unconfirmed()).toBe(5);
    release(test, 2);
    expect(unconfirmed()).toBe(3);
    await test.spool.seal();
    expect(unconfirmed()).toBe(3);
    release(test, 4);
    expect(unconfirmed()).toBe(0);
    test.click(6);
    const next = await openTestSpool({ disk: test.disk.crash(), clock: test.clock });
    expect(next.spool.readGauges().unconfirmedClicks).toBe(6);
    release(next, 4);
    expect(next.spool.readGauges().unconfirmedClicks).toBe(1);
  });

  it('is a part of a batch when a part of it is counted', async () => {
    const test = await openTestSpool();
    test.click(1, 2, 3);
    await test.spool.seal();
    const [batch] = listOwn(test.spool);
    if (batch === undefined) throw new Error('no batch');
    const cursor: ClickCursor = { ...cursorAt(batch), isComplete: false, clicks: 1, merged: 1 };
    test.spool.release(cursor, cursor.seq);
    expect(test.spool.readGauges().unconfirmedClicks).toBe(2);
  });

  it('has the age of the oldest of them', async () => {
    const test = await openTestSpool();
    const age = () => test.spool.readGauges().oldestUnconfirmedMs;
    test.clock.advance(5_000);
    expect(age()).toBe(0);
    test.click(1);
    test.clock.advance(300);
    expect(age()).toBe(300);
    await test.spool.seal();
    test.clock.advance(1_000);
    test.click(2);
    expect(age()).toBe(1_000);
    release(test, 1);
    expect(age()).toBe(0);
  });
});

/** A spool with that many batches, each with one click whose link id is its number. */
function release({ spool }: TestSpool, seq: number): void {
  const batch = listOwn(spool).find((its) => its.seq === seq);
  if (batch === undefined) throw new Error(`There is no batch ${seq}.`);
  spool.release(cursorAt(batch), batch.seq);
}

/** Has the disk keep files whose names begin so; gives the way to end that. */
function refuseRemoval(disk: SimulatedDisk, code: string, beginnings: readonly string[]) {
  const remove = disk.remove.bind(disk);
  disk.remove = (folder, name) => {
    if (beginnings.some((its) => name.startsWith(its))) throw systemError(code, 'remove');
    remove(folder, name);
  };
  return () => {
    disk.remove = remove;
  };
}
