import { describe, expect, it } from 'vitest';
import { decodeBatch } from '../../src/domain/click-batch.ts';
import { SimulatedDisk, systemError } from '../support/simulated-disk.ts';
import {
  listOwn,
  openTestSpool,
  readClicks,
  readWhole,
  type TestSpool,
} from '../support/test-spool.ts';

describe('a tick', () => {
  it('is one append', async () => {
    const { disk, click } = await openTestSpool();
    click(1);
    const calls = watch(disk);
    click(2, 3);
    click(...Array.from({ length: 1_000 }, (_, index) => index));
    expect(calls).toEqual(['append', 'append']);
  });

  it('without clicks writes nothing', async () => {
    const { disk, append } = await openTestSpool();
    const calls = watch(disk);
    expect(append()).toBeUndefined();
    expect(calls).toEqual([]);
  });

  it('is in the kernel when its append returns', async () => {
    const { disk, click } = await openTestSpool();
    click(1, 2);
    const next = await openTestSpool({ disk: disk.crash() });
    await next.spool.seal();
    expect(await readClicks(next.spool)).toEqual([1, 2]);
  });
});

describe('a segment', () => {
  it('is sealed when it is a second old, and not before', async () => {
    const { spool, click, clock } = await openTestSpool();
    click(1);
    clock.advance(999);
    spool.maintain();
    expect(spool.readGauges().batches).toBe(0);
    const sealed = nextSealed(spool);
    clock.advance(1);
    spool.maintain();
    await sealed;
    expect(await readClicks(spool)).toEqual([1]);
  });

  it('is sealed by its size, and clicks go on into the next one meanwhile', async () => {
    const { spool, click } = await openTestSpool();
    const ids = Array.from({ length: 1_000 }, (_, index) => 2 ** 40 + index);
    for (let tick = 0; tick < 80; tick += 1) click(...ids);
    await spool.seal();
    const batches = listOwn(spool);
    expect(batches.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(batches.map(({ clicks }) => clicks).reduce((sum, clicks) => sum + clicks)).toBe(80_000);
    for (const batch of batches) {
      const { framesBytes } = decodeBatch(await readWhole(spool, batch));
      expect(framesBytes.length).toBeLessThanOrEqual(262_144);
    }
  });

  it('without clicks is never sealed', async () => {
    const { spool, clock } = await openTestSpool();
    clock.advance(10_000);
    spool.maintain();
    await spool.seal();
    expect(spool.readGauges().batches).toBe(0);
  });
});

describe('a batch', () => {
  it('says whose it is, which, and how many clicks there were before', async () => {
    const { spool, click } = await openTestSpool();
    click(1, 2, 3);
    await spool.seal();
    click(4);
    await spool.seal();
    const { producer } = spool;
    const [first, second] = listOwn(spool);
    expect(first).toMatchObject({ producer, seq: 1, clicksBefore: 0, clicks: 3 });
    expect(second).toMatchObject({ producer, seq: 2, clicksBefore: 3, clicks: 1 });
    expect(second).toMatchObject({ isRecovered: false, isInherited: false });
    const bytes = await readWhole(spool, second);
    expect(bytes.length).toBe(second?.bytes);
    expect(decodeBatch(bytes)).toMatchObject({ producer, seq: 2, clicksBefore: 3, region: 'fra' });
  });

  it('that a crash left unsealed says so', async () => {
    const { disk, click } = await openTestSpool();
    click(1);
    const { spool } = await openTestSpool({ disk: disk.crash() });
    await spool.seal();
    const [batch] = listOwn(spool);
    expect(batch).toMatchObject({ seq: 1, clicks: 1, isRecovered: true, isInherited: false });
    expect(decodeBatch(await readWhole(spool, batch)).isRecovered).toBe(true);
  });

  it('is told of once it is on the disk, until nobody listens any more', async () => {
    const { spool, click } = await openTestSpool();
    let told = 0;
    const stop = spool.onSealed(() => {
      told += spool.readGauges().batches;
    });
    click(1);
    await spool.seal();
    expect(told).toBe(1);
    stop();
    click(2);
    await spool.seal();
    expect(told).toBe(1);
  });

  it('is not shown before its name is on the disk', async () => {
    const held = Promise.withResolvers<void>();
    const pause = (call: string) => (isHolding && call === 'syncFolder' ? held.promise : done);
    const done = Promise.resolve();
    let isHolding = false;
    const { spool, click, disk } = await openTestSpool({ disk: new SimulatedDisk({ pause }) });
    click(1);
    isHolding = true;
    const sealing = spool.seal();
    while (!disk.list().some((name) => name.endsWith('.batch'))) await done;
    expect(spool.readGauges()).toMatchObject({ batches: 0, unconfirmedClicks: 1 });
    held.resolve();
    await sealing;
    expect(spool.readGauges()).toMatchObject({ batches: 1, unconfirmedClicks: 1 });
  });
});

describe('clicks are forced to the disk', () => {
  it('every so many milliseconds, when there are any', async () => {
    const { spool, disk, click, clock } = await openTestSpool({ sync: 250 });
    const calls = watch(disk);
    clock.advance(5_000);
    spool.maintain();
    expect(calls).not.toContain('sync');
    click(1);
    clock.advance(199);
    spool.maintain();
    expect(calls).not.toContain('sync');
    clock.advance(1);
    spool.maintain();
    await spool.sync();
    expect(await readAfterPowerCut(disk)).toEqual([1]);
  });

  it('before the answer with every tick, and ticks share what they can', async () => {
    const gates: PromiseWithResolvers<void>[] = [];
    let isGated = false;
    const pause = (call: string): Promise<void> => {
      if (!isGated || call !== 'sync') return Promise.resolve();
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      return gate.promise;
    };
    const { disk, append } = await openTestSpool({
      sync: 'tick',
      disk: new SimulatedDisk({ pause }),
    });
    isGated = true;
    const answered: number[] = [];
    for (const tick of [1, 2, 3]) void append(tick)?.then(() => answered.push(tick));
    expect(gates).toHaveLength(1);
    gates[0]?.resolve();
    while (gates.length < 2) await undefined;
    expect(answered).toEqual([1]);
    gates[1]?.resolve();
    while (answered.length < 3) await undefined;
    expect(gates).toHaveLength(2);
    isGated = false;
    expect(await readAfterPowerCut(disk)).toEqual([1, 2, 3]);
  });

  it('never, when the system is to decide', async () => {
    const { spool, disk, append, clock } = await openTestSpool({ sync: 'off' });
    const calls = watch(disk);
    expect(append(1)).toBeUndefined();
    clock.advance(900);
    spool.maintain();
    expect(calls).not.toContain('sync');
  });

  it('and answered all the same when the disk refuses', async () => {
    const { disk, append } = await openTestSpool({ sync: 'tick' });
    disk.onOperation = (_, call) => {
      if (call === 'sync') throw systemError('EIO', call);
    };
    await append(1);
  });
});

describe('a spool that is disposed of', () => {
  it('leaves nothing unsealed, and nothing that a power cut could take', async () => {
    const { spool, disk, click } = await openTestSpool();
    click(1);
    await spool.seal();
    click(2, 3);
    await spool[Symbol.asyncDispose]();
    expect(disk.list().filter((name) => name.endsWith('.open'))).toEqual([]);
    const next = await openTestSpool({ disk: disk.losePower(() => 0) });
    expect(await readClicks(next.spool)).toEqual([1, 2, 3]);
    expect(listOwn(next.spool).at(-1)?.isRecovered).toBe(false);
  });

  it('syncs what it cannot seal', async () => {
    const { spool, disk, click } = await openTestSpool();
    click(1);
    disk.onOperation = (_, call) => {
      if (call === 'writeFile') throw systemError('EIO', call);
    };
    await spool[Symbol.asyncDispose]();
    expect(await readAfterPowerCut(disk)).toEqual([1]);
  });

  it('takes no more clicks', async () => {
    const { spool, disk, click } = await openTestSpool();
    await spool[Symbol.asyncDispose]();
    const calls = watch(disk);
    click(1);
    expect(spool.readCounts()).toMatchObject({ recorded: 0, dropped: { io_error: 1 } });
    expect(calls).toEqual([]);
  });
});

describe('a start', () => {
  it('reads no batch, however many there are', async () => {
    const { spool, disk, click } = await openTestSpool();
    for (let seq = 1; seq <= 200; seq += 1) {
      click(seq);
      await spool.seal();
    }
    await spool[Symbol.asyncDispose]();
    const left = disk.crash();
    const calls = watch(left);
    const next = await openTestSpool({ disk: left });
    expect(next.spool.readGauges()).toMatchObject({ batches: 200, unconfirmedClicks: 200 });
    // The identity.
    expect(calls.filter((call) => call === 'readFile' || call === 'loadFile')).toHaveLength(1);
    next.click(201);
    await next.spool.seal();
    expect(listOwn(next.spool).at(-1)).toMatchObject({
      seq: 201,
      clicksBefore: 200,
    });
  });

  it('shows no batch that a power cut could still take away', async () => {
    const { spool, disk, click } = await openTestSpool();
    click(1);
    disk.onOperation = (_, call) => {
      if (call === 'syncFolder') disk.stop();
    };
    await spool.seal().catch(() => undefined);
    const next = await openTestSpool({ disk: disk.crash() });
    expect(await readClicks(next.spool)).toEqual([1]);
    expect(await readAfterPowerCut(next.disk)).toEqual([1]);
  });

  it('goes on in the order of the numbers, not of the names', async () => {
    const { spool, disk, click } = await openTestSpool();
    for (let seq = 1; seq <= 11; seq += 1) {
      click(seq);
      await spool.seal();
    }
    const next = await openTestSpool({ disk: disk.crash() });
    expect(await readClicks(next.spool)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('on a disk that cannot be used drops clicks, and records them once it can', async () => {
    const disk = new SimulatedDisk();
    disk.onOperation = (_, call) => {
      throw systemError('EROFS', call);
    };
    const { spool, click, clock } = await openTestSpool({ disk });
    click(1);
    expect(spool.producer).toBeUndefined();
    await expect(spool.seal()).rejects.toThrow('EROFS');
    disk.onOperation = () => undefined;
    clock.advance(1_000);
    spool.maintain();
    await spool.seal();
    click(2);
    await spool.seal();
    expect(await readClicks(spool)).toEqual([2]);
    expect(spool.readCounts()).toMatchObject({ recorded: 1, dropped: { io_error: 1 } });
  });

  it('that fails again and again leaves one folder', async () => {
    const disk = new SimulatedDisk();
    disk.onOperation = (_, call) => {
      if (call === 'writeFile') throw systemError('ENOSPC', call);
    };
    const { spool, clock } = await openTestSpool({ disk });
    for (let attempt = 0; attempt < 5; attempt += 1) {
      clock.advance(1_000);
      spool.maintain();
      await expect(spool.seal()).rejects.toThrow('ENOSPC');
    }
    expect(disk.listFolders()).toHaveLength(1);
  });

  it('gives up a segment that the disk cannot read, after a while', async () => {
    const { disk, click } = await openTestSpool();
    click(1);
    const left = disk.crash();
    left.onOperation = (_, call) => {
      if (call === 'readFile' && ++reads % 2 === 0) throw systemError('EIO', call);
    };
    let reads = 0;
    const { spool, clock, click: clickAgain } = await openTestSpool({ disk: left });
    for (let attempt = 0; spool.producer === undefined; attempt += 1) {
      expect(attempt).toBeLessThan(6);
      clock.advance(1_000);
      spool.maintain();
      await spool.seal().catch(() => undefined);
    }
    clickAgain(2);
    await spool.seal();
    expect(await readClicks(spool)).toEqual([2]);
    expect(listOwn(spool).map(({ seq }) => seq)).toEqual([2]);
  });
});

/** The names of the operations from now on. */
function watch(disk: SimulatedDisk): string[] {
  const calls: string[] = [];
  disk.onOperation = (_, call) => calls.push(call);
  return calls;
}

function nextSealed(spool: TestSpool['spool']): Promise<void> {
  return new Promise((resolve) => {
    const stop = spool.onSealed(() => {
      stop();
      resolve();
    });
  });
}

/** The clicks that are left when nothing outlives that was not synced. */
async function readAfterPowerCut(disk: SimulatedDisk): Promise<number[]> {
  const next = await openTestSpool({ disk: disk.losePower(() => 0) });
  await next.spool.seal();
  return readClicks(next.spool);
}
