import { mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readClickCounts } from '../support/click-counts.ts';
import { eventually } from '../support/eventually.ts';
import { readColumn } from '../support/read-column.ts';
import { runHere } from '../support/run-command-line.ts';
import { environmentOf } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { createLink, follow } from '../support/send.ts';
import { TestFolder } from '../support/test-database.ts';
import { vacuumInto } from '../support/vacuum-into.ts';

let machine: RunningApp;
let folder: TestFolder;
beforeEach(async () => {
  machine = await runApp();
  folder = new TestFolder();
});
afterEach(async () => {
  await machine[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const create = (slug: string) => createLink(machine.baseUrl, slug);
const parent = () => join(machine.dataDir, 'before-restore');
const kept = () =>
  readdirSync(parent())
    .sort()
    .map((name) => join(parent(), name, 'links.db'));

/** Copies what the machine has into a folder, from which `restore` brings it back. */
function copyNow(): void {
  mkdirSync(folder.file('other'));
  vacuumInto(join(machine.dataDir, 'links.db'), folder.file('other/links.db'));
}

const restore = () =>
  runHere(
    ['move', '--from', folder.file('other'), '--yes', new URL(machine.baseUrl).host],
    environmentOf(machine),
  );

const readSlugs = (file: string) => readColumn<string>(file, 'SELECT slug FROM links');

test('what was there before the first restore is kept through the second', async () => {
  await create('one');
  copyNow();
  await create('two');
  await create('three');
  for (let times = 0; times < 2; times += 1) {
    const { exitCode, stderr } = await restore();
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`what there was is in ${dirname(kept().at(-1) ?? '')} of `);
  }
  expect(kept().map((file) => readSlugs(file).length)).toEqual([3, 1]);
});

test('every write that was acknowledged is in what is kept, or in what there is now', async () => {
  await create('one');
  copyNow();
  const acknowledged: string[] = [];
  let isOver = false;
  const writing = (async () => {
    for (let n = 0; !isOver; n += 1) {
      if ((await create(`w-${n}`)).status === 201) acknowledged.push(`w-${n}`);
    }
  })();
  expect(await restore()).toMatchObject({ exitCode: 0 });
  isOver = true;
  await writing;
  const found = new Set([...kept(), join(machine.dataDir, 'links.db')].flatMap(readSlugs));
  expect(acknowledged.length).toBeGreaterThan(10);
  expect(acknowledged.filter((slug) => !found.has(slug))).toEqual([]);
});

test('a move right after a restore waits for the clicks that are counted again', async () => {
  const out = folder.file('out');
  await create('one');
  copyNow();
  for (let hits = 0; hits < 3; hits += 1) await follow(machine.baseUrl, 'one');
  const counts = async () => Object.fromEntries(await readClickCounts(machine.baseUrl));
  await eventually(async () => expect((await counts()).one).toBe(3));
  // From here on nobody looks at the counts for a minute.
  await eventually(async () => {
    const status = await fetch(`${machine.app.privateUrl}/status`);
    expect(await status.json()).toMatchObject({ clicks: { unconfirmed: 0 } });
  });
  expect(await restore()).toMatchObject({ exitCode: 0 });
  const moved = await runHere(['move', '--to', out], environmentOf(machine));
  expect(moved).toMatchObject({ exitCode: 0, stderr: '' });
  expect(readColumn(join(out, 'clicks.db'), 'SELECT sum(clicks) FROM producers')).toEqual([3]);
});
