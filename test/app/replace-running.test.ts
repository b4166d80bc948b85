import { writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import Database from 'better-sqlite3';
import { beforeEach, expect, test } from 'vitest';
import { createReplace } from '../../src/app/restore/replace-running.ts';
import { readConfig } from '../../src/config.ts';
import { listen } from '../support/listen.ts';
import { TestFolder } from '../support/test-database.ts';

let folder: TestFolder;
/** What LiteFS was asked to import, and how many bytes came. */
let imported: [path: string | undefined, bytes: number][];
let replace: ReturnType<typeof createReplace>;
beforeEach(async () => {
  folder = new TestFolder();
  imported = [];
  const litefs = await listen(async (request, response) => {
    imported.push([request.url, (await buffer(request)).length]);
    response.end();
  });
  replace = createReplace(
    readConfig({
      DATA_DIR: folder.path,
      LITEFS_DIR: folder.file('mount'),
      LITEFS_URL: `http://127.0.0.1:${litefs.port}`,
      FLEET_SECRET: 'a secret of the fleet and long enough',
      PEER_URL: 'http://{node}.example.internal:8081',
    }),
  );
  return async () => {
    await litefs[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  };
});

function make(mode: 'DELETE' | 'WAL'): string {
  const file = folder.file('restored.db');
  const database = new Database(file);
  database.pragma(`journal_mode = ${mode}`);
  database.exec('CREATE TABLE made (it)');
  database.close();
  return file;
}

test('LiteFS imports a file in DELETE mode, all of it', async () => {
  await replace('links', make('DELETE'));
  expect(imported).toEqual([['/import?name=links.db', 8192]]);
});

test('LiteFS never gets a file in WAL mode, nor one that is not whole without its journal', async () => {
  await expect(replace('links', make('WAL'))).rejects.toThrow('it is in WAL mode');
  folder[Symbol.dispose]();
  folder = new TestFolder();
  const file = make('DELETE');
  writeFileSync(`${file}-journal`, 'half of a transaction');
  await expect(replace('clicks', file)).rejects.toThrow('it is not whole without');
  expect(imported).toEqual([]);
});
