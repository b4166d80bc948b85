import { describe, expect, it } from 'vitest';
import { decodeBatch } from '../../src/domain/click-batch.ts';
import { withVersion } from '../support/sealed-batch.ts';
import { SimulatedDisk, systemError } from '../support/simulated-disk.ts';
import {
  damageBatch,
  listEndings,
  listOwn,
  openTestSpool,
  openWithBatches,
  readClicks,
  readWhole,
} from '../support/test-spool.ts';

describe('batches that are issued again', () => {
  it('have a new producer from the one that conflicts on, and new clicks have it too', async () => {
    const test = await openWithBatches(3);
    const { spool, click } = test;
    const old = spool.producer;
    click(4);
    const [, second] = listOwn(spool);
    if (old === undefined || second === undefined) throw new Error('no batches');
    await spool.reissueFrom(second);
    click(5);
    await spool.seal();
    expect(spool.producer).not.toBe(old);
    expect(spool.listBatches(old)).toMatchObject([{ seq: 1, isInherited: true }]);
    expect(listOwn(spool)).toMatchObject([
      { seq: 1, clicksBefore: 0, isRecovered: false, isInherited: false },
      { seq: 2, clicksBefore: 1 },
      { seq: 3, clicksBefore: 2 },
      { seq: 4, clicksBefore: 3 },
    ]);
    expect((await readClicks(spool)).toSorted()).toEqual([1, 2, 3, 4, 5]);
    const ids = listOwn(spool).map((batch) => batch.seq);
    expect(ids).toEqual([1, 2, 3, 4]);
  });

  it('have their new identity in their bytes, and the same clicks at the same times', async () => {
    const test = await openWithBatches(2);
    const [, second] = listOwn(test.spool);
    const before = decodeBatch(await readWhole(test.spool, second));
    if (second === undefined) throw new Error('no batch');
    await test.spool.reissueFrom(second);
    const after = decodeBatch(await readWhole(test.spool, listOwn(test.spool)[0]));
    expect(after).toMatchObject({ producer: test.spool.producer, seq: 1, clicksBefore: 0 });
    expect([after.frames, after.hash]).toEqual([before.frames, before.hash]);
  });

  it('are waited for by whoever wants everything sealed', async () => {
    const { spool, disk, click } = await openWithBatches(2);
    const [, second] = listOwn(spool);
    if (second === undefined) throw new Error('no batch');
    const { promise, resolve } = Promise.withResolvers<void>();
    disk.pause = () => promise;
    const reissued = spool.reissueFrom(second);
    click(3);
    const sealed = spool.seal();
    resolve();
    await expect(sealed).resolves.toBeUndefined();
    await reissued;
    expect((await readClicks(spool)).toSorted()).toEqual([1, 2, 3]);
    expect(listOwn(spool)).toHaveLength(2);
  });

  it('are issued once, whoever asks again', async () => {
    const test = await openWithBatches(2);
    const [first] = listOwn(test.spool);
    if (first === undefined) throw new Error('no batch');
    await Promise.all([test.spool.reissueFrom(first), test.spool.reissueFrom(first)]);
    await test.spool.reissueFrom(first);
    expect(test.spool.listProducers()).toHaveLength(1);
    expect(listOwn(test.spool)).toHaveLength(2);
  });

  it('wait for a batch that is being sealed, and clicks go on meanwhile', async () => {
    const gate = Promise.withResolvers<void>();
    let gates = 0;
    const pause = (call: string) => {
      const isGated = gates > 0 && call === 'syncFolder';
      if (isGated) gates -= 1;
      return isGated ? gate.promise : Promise.resolve();
    };
    const test = await openWithBatches(2, { disk: new SimulatedDisk({ pause }) });
    const { spool, click } = test;
    const old = spool.producer;
    const [, second] = listOwn(spool);
    if (old === undefined || second === undefined) throw new Error('no batch');
    gates = 1;
    click(3);
    const sealing = spool.seal();
    while (gates > 0) await undefined;
    click(4);
    const reissuing = spool.reissueFrom(second);
    for (let turns = 0; turns < 100; turns += 1) await undefined;
    click(5);
    gate.resolve();
    while (spool.producer === old) await undefined;
    click(6);
    await Promise.all([sealing.catch(() => undefined), reissuing]);
    await spool.seal();
    expect(spool.listBatches(old).map(({ seq }) => seq)).toEqual([1]);
    expect(listOwn(spool).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect((await readClicks(spool)).toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are sealed from what the later producer has, when a power cut brings back what that was sealed from', async () => {
    const test = await openWithBatches(2);
    const { spool, disk, click } = test;
    const first = spool.producer;
    const [, second] = listOwn(spool);
    if (first === undefined || second === undefined) throw new Error('no batch');
    click(3);
    const torn = disk.readFile(first, '3.open');
    click(4);
    await spool.seal();
    await spool.reissueFrom(second);
    const batch = listOwn(spool)[1];
    if (batch === undefined) throw new Error('no batch');
    disk.onOperation = (_, call) => {
      if (call === 'loadFile') disk.stop();
    };
    await spool.reissueFrom(batch);
    const left = disk.crash();
    await left.writeFile(first, '3.open', torn);
    const next = await openTestSpool({ disk: left });
    await next.spool.seal();
    expect((await readClicks(next.spool)).toSorted()).toEqual([1, 2, 3, 4]);
    expect(next.spool.listProducers()).toHaveLength(3);
  });

  it('can be issued again once more', async () => {
    const test = await openWithBatches(3);
    for (const index of [1, 1]) {
      const batch = listOwn(test.spool)[index];
      if (batch === undefined) throw new Error('no batch');
      await test.spool.reissueFrom(batch);
    }
    expect(test.spool.listProducers()).toHaveLength(3);
    expect(listOwn(test.spool)).toMatchObject([{ seq: 1, clicksBefore: 0 }]);
    expect(await readClicks(test.spool)).toEqual([1, 2, 3]);
  });

  it('stay as they are when the new producer cannot be made', async () => {
    const test = await openWithBatches(2);
    const { spool, disk, click } = test;
    const { producer } = spool;
    disk.onOperation = (_, call) => {
      if (call === 'writeFile') throw systemError('ENOSPC', call);
    };
    const [first] = listOwn(spool);
    if (first === undefined) throw new Error('no batch');
    await expect(spool.reissueFrom(first)).rejects.toThrow('ENOSPC');
    disk.onOperation = () => undefined;
    click(3);
    await spool.seal();
    expect(spool.producer).toBe(producer);
    expect(await readClicks(spool)).toEqual([1, 2, 3]);
  });

  it('keep their damage: what cannot be read of them is counted', async () => {
    const test = await openWithBatches(3);
    damageBatch(test, 2, () => Buffer.alloc(0));
    const [first] = listOwn(test.spool);
    if (first === undefined) throw new Error('no batch');
    await test.spool.reissueFrom(first);
    expect(await readClicks(test.spool)).toEqual([1, 3]);
    expect(decodeBatch(await readWhole(test.spool, listOwn(test.spool)[1]))).toMatchObject({
      clicks: 1,
      damaged: 1,
    });
    expect(test.spool.readCounts().lost.damaged).toBe(1);
    expect(listEndings(test)).toContain('damaged');
  });

  it('go on after one that only a later release could read', async () => {
    const test = await openWithBatches(3);
    damageBatch(test, 2, (bytes) => withVersion(bytes, 9));
    const [first] = listOwn(test.spool);
    if (first === undefined) throw new Error('no batch');
    await test.spool.reissueFrom(first);
    expect(await readClicks(test.spool)).toEqual([1, 3]);
    expect(test.spool.readCounts().lost.damaged).toBe(1);
    expect(listEndings(test)).toContain('damaged');
  });

  it('are those of this node only: inherited ones stay with their producer', async () => {
    const original = await openWithBatches(2);
    const { spool } = await openTestSpool({ disk: original.disk.copyFiles() });
    const [first] = spool.listBatches(original.spool.producer ?? ('' as never));
    if (first === undefined) throw new Error('no batch');
    await spool.reissueFrom(first);
    expect(spool.listProducers()).toEqual([original.spool.producer]);
  });
});
