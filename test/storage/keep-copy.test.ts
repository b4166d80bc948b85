import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepCopy } from '../../src/storage/keep-copy.ts';
import { recordDisk } from '../support/recorded-disk.ts';
import { TestFolder } from '../support/test-database.ts';

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder[Symbol.dispose]());

const at = new Date('2026-11-20T10:00:00Z');
/** Keeps files that hold `content`. */
const keep = (content: string) =>
  keepCopy(
    folder.file('kept'),
    async (into) => {
      for (const name of ['links', 'clicks']) writeFileSync(join(into, `${name}.db`), content);
    },
    at,
  );

test('each copy has a folder of its own, also of one moment', async () => {
  const kept = await Promise.all(['one', 'two', 'three'].map(keep));
  expect(kept.map((path) => readFileSync(join(path, 'links.db'), 'utf8'))).toEqual([
    'one',
    'two',
    'three',
  ]);
  expect(readdirSync(folder.file('kept')).sort()).toEqual(
    Array(3).fill(expect.stringMatching(/^2026-11-20T10-00-00\.000Z-\w{6}$/)),
  );
});

test('a copy has its name once all of it is forced to the disk, and then the name is', async () => {
  const done = await recordDisk(folder.path, () => keep('whole'));
  const own = /kept\/[^/ ]+-\w{6}/g;
  const [one = '', two = '', ...rest] = done.map((each) => each.replaceAll(own, 'copy'));
  expect([one, two].sort()).toEqual(['force copy/clicks.db', 'force copy/links.db']);
  // The last one is of the name of the folder of all copies.
  expect(rest).toEqual(['force copy', 'rename copy to copy', 'force kept', 'force .']);
});

test('a copy that cannot be made leaves what is there as it is, and nothing else', async () => {
  mkdirSync(folder.file('kept'));
  writeFileSync(folder.file('kept/links.db'), 'of an earlier release');
  const failing = async (into: string) => {
    writeFileSync(join(into, 'links.db'), 'half');
    throw new Error('no room');
  };
  const before = await keep('whole');
  await expect(keepCopy(folder.file('kept'), failing, at)).rejects.toThrow('no room');
  expect(readFileSync(join(before, 'clicks.db'), 'utf8')).toBe('whole');
  expect(readdirSync(folder.file('kept'))).toHaveLength(2);
});
