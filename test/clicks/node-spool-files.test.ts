import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createNodeSpoolFiles } from '../../src/clicks/spool/node-spool-files.ts';
import type { SpoolFiles } from '../../src/clicks/spool/spool-files.ts';
import { SimulatedDisk } from '../support/simulated-disk.ts';
import { openTestSpool, readClicks } from '../support/test-spool.ts';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

describe.each<[string, () => Promise<SpoolFiles>]>([
  ['a real disk', async () => createNodeSpoolFiles(join(await makeFolder(), 'clicks'))],
  ['a simulated disk', async () => new SimulatedDisk()],
])('%s', (_, open) => {
  it('has the files that were written, with their sizes', async () => {
    const files = await open();
    expect(files.listFolders()).toEqual([]);
    files.makeFolder('p');
    files.makeFolder('p');
    await files.writeFile('p', 'whole', Buffer.from('one'));
    await files.writeFile('p', 'whole', Buffer.from('other'));
    expect(files.listFolders()).toEqual(['p']);
    expect(files.listFiles('p')).toEqual([{ name: 'whole', bytes: 5 }]);
    expect(Buffer.from(files.readFile('p', 'whole')).toString()).toBe('other');
    expect(Buffer.from(await files.loadFile('p', 'whole')).toString()).toBe('other');
  });

  it('has segments that grow at their end, and can be cut and opened again', async () => {
    const files = await open();
    files.makeFolder('p');
    const segment = files.openSegment('p', '1.open');
    expect(segment.append(Buffer.from('abcdef'))).toBe(6);
    segment.truncate(3);
    expect(segment.append(Buffer.from('xyz'))).toBe(3);
    await segment.sync();
    segment.close();
    const again = files.openSegment('p', '1.open');
    again.append(Buffer.from('!'));
    again.close();
    expect(Buffer.from(files.readFile('p', '1.open')).toString()).toBe('abcxyz!');
  });

  it('closes a segment after a sync that is under way', async () => {
    const files = await open();
    files.makeFolder('p');
    const segment = files.openSegment('p', '1.open');
    segment.append(Buffer.from('a'));
    const syncing = segment.sync().catch((error: unknown) => error);
    segment.close();
    expect(['undefined', 'EBADF']).toContain(
      String(((await syncing) as NodeJS.ErrnoException | undefined)?.code),
    );
  });

  it('renames over what is there, and removes', async () => {
    const files = await open();
    files.makeFolder('p');
    await files.writeFile('p', 'a', Buffer.from('a'));
    await files.writeFile('p', 'b', Buffer.from('b'));
    files.rename('p', 'a', 'b');
    await files.syncFolder('p');
    expect(files.listFiles('p').map(({ name }) => name)).toEqual(['b']);
    expect(Buffer.from(files.readFile('p', 'b')).toString()).toBe('a');
    files.remove('p', 'b');
    expect(files.listFiles('p')).toEqual([]);
  });

  it('has a mark for each file, which stays through writes and is no other file has', async () => {
    const files = await open();
    files.makeFolder('p');
    await files.writeFile('p', 'a', Buffer.from('a'));
    const mark = files.findMark('p', 'a');
    await files.writeFile('p', 'a', Buffer.from('other'));
    expect(files.findMark('p', 'a')).toBe(mark);
    await files.writeFile('p', 'b', Buffer.from('other'));
    expect(files.findMark('p', 'b')).not.toBe(mark);
  });

  it.each<[string, (files: SpoolFiles) => unknown]>([
    ['reading', (files) => files.readFile('p', 'none')],
    ['loading', (files) => files.loadFile('p', 'none')],
    ['renaming', (files) => files.rename('p', 'none', 'other')],
    ['removing', (files) => files.remove('p', 'none')],
    ['marking', (files) => files.findMark('p', 'none')],
    ['listing', (files) => files.listFiles('none')],
  ])('says by its code that nothing is there, when %s', async (__, act) => {
    const files = await open();
    files.listFolders();
    files.makeFolder('p');
    await expect((async () => act(files))()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a spool on a real disk', () => {
  it('goes on after a crash, and takes a copied folder for one', async () => {
    const folder = await makeFolder();
    const first = await openTestSpool({ files: createNodeSpoolFiles(join(folder, 'one')) });
    first.click(1, 2);
    await first.spool.seal();
    first.click(3);
    await first.spool.sync();
    await cp(join(folder, 'one'), join(folder, 'two'), {
      recursive: true,
      preserveTimestamps: true,
    });

    const next = await openTestSpool({ files: createNodeSpoolFiles(join(folder, 'one')) });
    expect(next.spool.producer).toBe(first.spool.producer);
    await next.spool.seal();
    expect(await readClicks(next.spool)).toEqual([1, 2, 3]);
    await next.spool[Symbol.asyncDispose]();

    const copy = await openTestSpool({
      node: 'b',
      files: createNodeSpoolFiles(join(folder, 'two')),
    });
    expect(copy.spool.readCounts().isMoved).toBe(true);
    await copy.spool.seal();
    expect(await readClicks(copy.spool)).toEqual([1, 2, 3]);
    await copy.spool[Symbol.asyncDispose]();
    await first.spool[Symbol.asyncDispose]();
  });

  it('takes a folder for a copy although its node is the same', async () => {
    const folder = await makeFolder();
    const first = await openTestSpool({ files: createNodeSpoolFiles(join(folder, 'one')) });
    await first.spool[Symbol.asyncDispose]();
    await cp(join(folder, 'one'), join(folder, 'two'), {
      recursive: true,
      preserveTimestamps: true,
    });
    const copy = await openTestSpool({
      files: createNodeSpoolFiles(join(folder, 'two')),
    });
    expect(copy.spool.readCounts().isMoved).toBe(true);
    await copy.spool[Symbol.asyncDispose]();
  });
});

describe('what a spool writes', () => {
  it('is of a layout that a later release will have to read', async () => {
    const folder = await makeFolder();
    const { spool, click } = await openTestSpool({ files: createNodeSpoolFiles(folder) });
    click(1);
    await spool.seal();
    click(2);
    const producer = join(folder, spool.producer ?? '');
    expect((await readdir(producer)).sort()).toEqual([
      '1-0-1-1767225600000-s.batch',
      '2.open',
      'mark',
      'producer.json',
    ]);
    expect(JSON.parse(await readFile(join(producer, 'producer.json'), 'utf8'))).toEqual({
      format: 1,
      producer: spool.producer,
      generation: 1,
      node: 'a',
      mark: expect.stringMatching(/^\d+\/\d+$/),
    });
    await spool[Symbol.asyncDispose]();
  });
});

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'spool-'));
  folders.push(folder);
  return folder;
}
