import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { importRestore } from '../../src/cli/rebuild/import-restore.ts';
import { Refusal } from '../../src/cli/refusal.ts';
import { FakeMount } from '../support/fake-mount.ts';
import { listen } from '../support/listen.ts';
import { TestFolder } from '../support/test-database.ts';

test('a file in WAL mode is never imported, whoever put it there', async () => {
  using folder = new TestFolder();
  using mount = new FakeMount();
  const asked: (string | undefined)[] = [];
  await using litefs = await listen((request, response) => {
    asked.push(request.url);
    response.end(JSON.stringify({ isPrimary: true, candidate: true }));
  });
  const restoreDir = folder.file('restore');
  mkdirSync(restoreDir);
  const database = new Database(`${restoreDir}/links.db`);
  database.pragma('journal_mode = WAL');
  database.exec('CREATE TABLE links (id)');
  database.close();

  const litefsUrl = `http://127.0.0.1:${litefs.port}`;
  const importing = importRestore(
    { restoreDir, litefsDir: mount.directory, litefsUrl },
    () => undefined,
  );
  await expect(importing).rejects.toThrow(/links\.db cannot be imported: it is in WAL mode/);
  await expect(importing).rejects.toThrow(Refusal);
  expect(new Set(asked)).toEqual(new Set(['/info']));
  expect(readdirSync(restoreDir)).toEqual(['links.db']);
});

test('where a person wants the fleet to start empty nothing is imported, and that is done once', async () => {
  using folder = new TestFolder();
  using mount = new FakeMount();
  await using litefs = await listen((_, response) => {
    response.end(JSON.stringify({ isPrimary: true, candidate: true }));
  });
  const restoreDir = folder.file('restore');
  mkdirSync(restoreDir);
  writeFileSync(`${restoreDir}/starts-empty`, '');
  const litefsUrl = `http://127.0.0.1:${litefs.port}`;
  const place = { restoreDir, litefsDir: mount.directory, litefsUrl };
  expect(await importRestore(place, () => undefined)).toMatch(/^imported nothing: .* start empty$/);
  expect(await importRestore(place, () => undefined)).toBeUndefined();
});
