import { describe, expect, it } from 'vitest';
import { encodeBatchHeader } from '../../src/domain/click-batch-header.ts';
import { rememberingLog } from '../support/logged.ts';
import { withVersion } from '../support/sealed-batch.ts';
import { type SimulatedDisk, systemError } from '../support/simulated-disk.ts';
import { cursorAt, listOwn, openTestSpool, readClicks } from '../support/test-spool.ts';

describe('a spool on a volume', () => {
  it.each<[string, (disk: SimulatedDisk) => { disk: SimulatedDisk; node: string }]>([
    ['whose files were copied', (disk) => ({ disk: disk.copyFiles(), node: 'a' })],
    ['that another node has now', (disk) => ({ disk: disk.fork(), node: 'b' })],
  ])('%s goes on as a new producer, and ships what is there under the old one', async (_, move) => {
    const { log, lines } = rememberingLog();
    const original = await openTestSpool({ node: 'a' });
    original.click(1);
    await original.spool.seal();
    original.click(2);
    const { spool, click } = await openTestSpool({ ...move(original.disk), log });
    expect(spool.readCounts().isMoved).toBe(true);
    expect(lines.map(({ msg }) => msg)).toContain(
      'spool was moved or copied here, and goes on as a new producer',
    );
    expect(spool.producer).not.toBe(original.spool.producer);
    click(3);
    await spool.seal();
    const old = spool.listBatches(original.spool.producer ?? ('' as never));
    expect(old).toMatchObject([
      { seq: 1, isRecovered: false, isInherited: true },
      { seq: 2, isRecovered: true, isInherited: true },
    ]);
    expect(listOwn(spool)).toMatchObject([{ seq: 1, clicksBefore: 0, isInherited: false }]);
    expect((await readClicks(spool)).toSorted()).toEqual([1, 2, 3]);
    expect(spool.readGauges().unconfirmedClicks).toBe(3);
  });

  it('is not moved by a restart', async () => {
    const first = await openTestSpool();
    const { spool } = await openTestSpool({ disk: first.disk.crash() });
    expect(spool.readCounts().isMoved).toBe(false);
    expect(spool.producer).toBe(first.spool.producer);
  });

  it('that came back from another node is not written to under its old producer again', async () => {
    const first = await openTestSpool({ node: 'a' });
    const away = await openTestSpool({ node: 'b', disk: first.disk.fork() });
    const back = await openTestSpool({ node: 'a', disk: away.disk.crash() });
    expect(back.spool.readCounts().isMoved).toBe(true);
    expect([first.spool.producer, away.spool.producer]).not.toContain(back.spool.producer);
  });

  it('lets go of all inherited batches once they are counted and old', async () => {
    const original = await openTestSpool();
    original.click(1);
    await original.spool.seal();
    const { spool, clock } = await openTestSpool({ disk: original.disk.copyFiles() });
    const [inherited] = spool.listBatches(original.spool.producer ?? ('' as never));
    if (inherited === undefined) throw new Error('nothing inherited');
    spool.release(cursorAt(inherited), inherited.seq);
    clock.advance(3_600_000);
    spool.maintain();
    expect(spool.listProducers()).toEqual([]);
  });

  it('with a damaged identity ships what is there, once as a new producer and then as that one', async () => {
    const first = await openTestSpool();
    first.click(1);
    await first.spool.seal();
    const { disk } = first;
    disk.damage(first.spool.producer ?? '', 'producer.json', () => Buffer.from('{"format":1'));
    const { log, lines } = rememberingLog();
    const second = await openTestSpool({ disk: disk.crash(), log });
    expect(second.spool.producer).not.toBe(first.spool.producer);
    // Nothing says that it was moved.
    expect(second.spool.readCounts().isMoved).toBe(false);
    expect(lines.map(({ msg }) => msg)).toEqual(['identity of a producer is not readable']);
    expect(await readClicks(second.spool)).toEqual([1]);
    second.click(2);
    await second.spool.seal();
    const third = await openTestSpool({ disk: second.disk.crash() });
    expect(third.spool.producer).toBe(second.spool.producer);
  });

  it.each(['readFile', 'findMark'])(
    'with an identity that the disk cannot read (%s) is patient, and then takes it for damaged',
    async (what) => {
      const first = await openTestSpool();
      first.click(1);
      await first.spool.seal();
      const disk = first.disk.crash();
      const old = first.spool.producer ?? '';
      const read = what === 'readFile' ? disk.readFile.bind(disk) : disk.findMark.bind(disk);
      const refuse = (folder: string, name: string): never => {
        if (folder === old) throw systemError('EIO', what);
        return read(folder, name) as never;
      };
      if (what === 'readFile') disk.readFile = refuse;
      else disk.findMark = refuse;
      const { spool, clock, click } = await openTestSpool({ disk });
      let attempts = 1;
      for (; spool.producer === undefined; attempts += 1) {
        expect(attempts).toBeLessThan(6);
        clock.advance(1_000);
        spool.maintain();
        await spool.seal().catch(() => undefined);
      }
      expect(attempts).toBeGreaterThan(2);
      click(2);
      await spool.seal();
      expect((await readClicks(spool)).toSorted()).toEqual([1, 2]);
      expect(spool.producer).not.toBe(old);
    },
  );

  it('has folders and files that are none of its own, and leaves them alone', async () => {
    const { disk, click, spool } = await openTestSpool();
    disk.makeFolder('lost+found');
    await disk.writeFile('lost+found', '1.open', Buffer.from('?'));
    await disk.writeFile(spool.producer ?? '', 'README', Buffer.from('?'));
    click(1);
    const next = await openTestSpool({ disk: disk.crash() });
    await next.spool.seal();
    expect(await readClicks(next.spool)).toEqual([1]);
    expect(next.disk.list()).toContain('lost+found/1.open');
    expect(next.disk.list()).toContain(`${spool.producer}/README`);
  });
});

describe('a spool that a later release wrote', () => {
  it('in a format of its own is left alone, and clicks have a new producer', async () => {
    const { log, lines } = rememberingLog();
    const first = await openTestSpool();
    first.click(1);
    await first.spool.seal();
    const { disk } = first;
    const folder = first.spool.producer ?? '';
    disk.damage(folder, 'producer.json', (bytes) =>
      Buffer.from(bytes.toString().replace('"format": 1', '"format": 2')),
    );
    const before = disk.list();
    const { spool, click } = await openTestSpool({ disk: disk.crash(), log });
    click(2);
    await spool.seal();
    expect(await readClicks(spool)).toEqual([2]);
    expect(spool.readCounts().isMoved).toBe(false);
    expect(lines).toContainEqual(expect.objectContaining({ producer: folder, format: 2 }));
    expect(before.filter((name) => !disk.list().includes(name))).toEqual([]);
  });

  it('with a batch of a later version refuses it with its number', async () => {
    const { spool, disk, click } = await openTestSpool();
    click(1);
    await spool.seal();
    const name = disk.list().find((its) => its.endsWith('.batch')) ?? '';
    const [folder = '', file = ''] = name.split('/');
    disk.damage(folder, file, (bytes) => withVersion(bytes, 3));
    const [batch] = listOwn(spool);
    if (batch === undefined) throw new Error('no batch');
    await expect(spool.readBatch(batch)).rejects.toThrow('version 3');
    await expect(spool.mend(batch)).rejects.toThrow('version 3');
    expect(disk.list()).toContain(name);
  });

  it('with a segment of a later version leaves it alone, and no number follows it', async () => {
    const first = await openTestSpool();
    const folder = first.spool.producer ?? ('' as never);
    const header = encodeBatchHeader(
      { producer: folder, seq: 1, clicksBefore: 0, region: 'fra' },
      undefined,
    );
    await first.disk.writeFile(folder, '1.open', withVersion(header, 3));
    const { spool, disk, click } = await openTestSpool({ disk: first.disk.crash() });
    click(1);
    await spool.seal();
    expect(spool.producer).not.toBe(folder);
    expect(await readClicks(spool)).toEqual([1]);
    expect(disk.list()).toContain(`${folder}/1.open`);
  });
});
