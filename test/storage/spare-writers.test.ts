import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SpareWriters } from '../../src/storage/spare-writers.ts';
import { type SpareWriter, spawnWriter } from '../../src/storage/writer.ts';
import { eventually } from '../support/eventually.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

let folder: TestFolder;
/** How many threads were started. */
let spawned: number;
beforeEach(() => {
  folder = new TestFolder();
  spawned = 0;
});
afterEach(() => folder[Symbol.dispose]());

function spawn(): SpareWriter {
  spawned += 1;
  return spawnWriter();
}

const countThreads = () => readdirSync('/proc/self/task').length;

test('a writer opens in the thread that was kept for it', async () => {
  await using writers = new SpareWriters(spawn);
  writers.keep(true);
  writers.keep(true);
  expect(spawned).toBe(1);
  await using writer = await writers.open(writerOptions(folder));
  expect(spawned).toBe(1);
  expect(writer.opened.epoch).toBe(1);
});

test('a thread that is kept has opened nothing', async () => {
  await using writers = new SpareWriters(spawn);
  writers.keep(true);
  expect(existsSync(folder.file())).toBe(false);
});

test('one that was opened is followed by a new one only when that is wanted', async () => {
  await using writers = new SpareWriters(spawn);
  writers.keep(true);
  await using _ = await writers.open(writerOptions(folder));
  expect(spawned).toBe(1);
  writers.keep(true);
  expect(spawned).toBe(2);
});

test('without one a thread is started', async () => {
  await using writers = new SpareWriters(spawn);
  await using _ = await writers.open(writerOptions(folder));
  expect(spawned).toBe(1);
});

test.runIf(process.platform === 'linux')(
  'a thread that is no longer wanted ends, and so does the last one',
  async () => {
    const before = countThreads();
    {
      await using writers = new SpareWriters(spawn);
      writers.keep(true);
      expect(countThreads()).toBeGreaterThan(before);
      writers.keep(false);
      await eventually(() => expect(countThreads()).toBe(before));
      writers.keep(true);
    }
    await eventually(() => expect(countThreads()).toBe(before));
    expect(spawned).toBe(2);
  },
);
