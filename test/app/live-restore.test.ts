import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createAskApi } from '../../src/cli/ask-api.ts';
import { askTarget, restoreInto, sendFile } from '../../src/cli/backup/restore-into.ts';
import { findFaultOfFile } from '../../src/storage/database-file.ts';
import { prepareRestore } from '../../src/storage/prepare-restore.ts';
import { readClickCounts } from '../support/click-counts.ts';
import { eventually } from '../support/eventually.ts';
import { environmentOf } from '../support/run-hoplite.ts';
import { type RunningApp, runApp } from '../support/running-app.ts';
import { createLink, follow, send } from '../support/send.ts';
import { startSteadyLoad } from '../support/steady-load.ts';
import { linksMigrations, TestFolder, writerOptions } from '../support/test-database.ts';
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
const click = (slug: string) => follow(machine.baseUrl, slug);
const counts = () => readClickCounts(machine.baseUrl);
const ask = () => createAskApi({ env: environmentOf(machine) });

/** Copies of both databases as they are now, in mode DELETE. */
function copyNow(): { links: string; clicks: string } {
  const copies = { links: folder.file(), clicks: folder.file('clicks.db') };
  for (const [name, to] of Object.entries(copies)) {
    vacuumInto(join(machine.dataDir, `${name}.db`), to);
  }
  return copies;
}

/** Makes the copies ready for the machine. */
function prepare(epoch: number) {
  const { host } = new URL(machine.baseUrl);
  const domain = { host, slugCase: 'insensitive' } as const;
  return prepareRestore(writerOptions(folder, { journalMode: 'delete', domain }), epoch);
}

test('a backup takes the place of what a running machine has, and the clicks since are counted again', async () => {
  await create('kept');
  await create('changed');
  for (let n = 0; n < 3; n += 1) await click('kept');
  await eventually(async () => expect((await counts()).get('kept')).toBe(3));
  const files = copyNow();

  await create('later');
  await send(`${machine.baseUrl}/api/v1/links/changed`, { method: 'DELETE' });
  await click('kept');
  expect(await click('later')).toBe('302 https://example.com/later');
  expect(await click('changed')).toMatch(/^404/);
  await eventually(async () => expect((await counts()).get('kept')).toBe(4));

  // Redirects go on: the memory serves, then the restored file.
  const load = startSteadyLoad(() => follow(machine.baseUrl, 'kept'));
  const target = await askTarget(await ask());
  expect(target).toEqual({
    name: new URL(machine.baseUrl).host,
    node: expect.any(String),
    epoch: 1,
  });
  const { epoch } = prepare(target.epoch);
  const restored = await restoreInto(await ask(), { epoch: target.epoch, files });
  const answers = await load.stop();
  expect(Object.keys(answers)).toEqual(['302 https://example.com/kept']);

  expect(restored).toMatchObject({ clicksKept: null });
  expect(restored.epoch).toBeGreaterThan(epoch);
  expect(epoch).toBeGreaterThan(target.epoch);
  expect(await click('changed')).toBe('302 https://example.com/changed');
  expect(await click('later')).toMatch(/^404/);
  expect((await create('written')).status).toBe(201);
  const hits = 4 + Object.values(answers).reduce((sum, count) => sum + count, 0);
  await eventually(async () => {
    expect(Object.fromEntries(await counts())).toEqual({ kept: hits, changed: 1, written: 0 });
  });
  expect(existsSync(join(machine.dataDir, 'restore-running'))).toBe(false);
});

test('a key made afterwards never has the id of one that the restore took away', async () => {
  const asked = await ask();
  const createKey = (name: string) =>
    asked({ method: 'POST', path: '/api/v1/keys', body: { name } }, z.object({ id: z.string() }));
  const files = copyNow();
  expect(await createKey('Alice')).toMatchObject({ id: '1' });
  const { epoch } = await askTarget(asked);
  prepare(epoch);
  await restoreInto(asked, { epoch, files: { links: files.links } });
  expect(await createKey('Bob')).toMatchObject({ id: '2' });
});

test('a link that was blocked since the backup is answered with 451 before and after', async () => {
  await create('abused');
  const files = copyNow();
  expect(await click('abused')).toBe('302 https://example.com/abused');
  const url = `${machine.baseUrl}/api/v1/links/abused`;
  expect((await send(url, { method: 'PATCH', body: { blocked: true } })).status).toBe(200);
  expect(await click('abused')).toBe('451');
  const { epoch } = await askTarget(await ask());
  prepare(epoch);
  const load = startSteadyLoad(() => click('abused'));
  await restoreInto(await ask(), { epoch, files });
  expect(Object.keys(await load.stop())).toEqual(['451']);
  const { text } = await send(url);
  expect(JSON.parse(text)).toMatchObject({ blocked: true, state: 'blocked' });
});

test('what is not what was announced, or was made ready for another epoch, changes nothing', async () => {
  await create('before');
  const files = copyNow();
  await create('after');
  const asked = await ask();
  const { epoch } = await askTarget(asked);
  prepare(epoch);
  await expect(restoreInto(asked, { epoch: epoch + 1, files })).rejects.toThrow(
    /another primary has begun.*Nothing was changed/,
  );
  const links = await sendFile(asked, 'links', files.links);
  const body = { epoch, links: { ...links, sha256: '0'.repeat(64) } };
  const order = (value: object) =>
    asked({ method: 'POST', path: '/restore', body: value }, z.unknown());
  await expect(order(body)).rejects.toThrow(/not the one that was announced/);
  // It was thrown away with the order that failed.
  await expect(order({ epoch, links })).rejects.toThrow(/has 0 bytes/);
  const bytes = Buffer.from('x');
  await expect(
    asked({ method: 'POST', path: '/restore/files/links?at=5', bytes }, z.unknown()),
  ).rejects.toThrow(/has 0 bytes here, not 5/);
  expect(await click('after')).toBe('302 https://example.com/after');
  expect((await create('more')).status).toBe(201);
});

test('a file that SQLite cannot copy leaves the machine as it was', async () => {
  await create('before');
  copyFileSync(import.meta.filename, folder.file());
  const asked = await ask();
  const { epoch } = await askTarget(asked);
  const files = { links: folder.file() };
  await expect(restoreInto(asked, { epoch, files })).rejects.toThrow(/Nothing was changed/);
  expect(await click('before')).toBe('302 https://example.com/before');
  expect((await create('more')).status).toBe(201);
});

test('what was prepared is fit for a fleet', async () => {
  await create('before');
  const { links } = copyNow();
  prepare(40);
  expect(findFaultOfFile({ file: links, migrationsDir: linksMigrations })).toBeUndefined();
});
