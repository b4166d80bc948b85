import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { tellProgressDuring } from '../../src/cli/migrate/tell-progress.ts';
import { readConfig } from '../../src/config.ts';
import { listen } from '../support/listen.ts';
import { TestFolder } from '../support/test-database.ts';

const txid = '00000000000000aa';

/** What the guard is told while the role is learned, where LiteFS's mount holds what `make` puts there. */
async function told(
  make: (file: string) => void,
  learn: (heard: readonly unknown[]) => Promise<void> = untilHeard,
): Promise<unknown[]> {
  using folder = new TestFolder();
  const heard: unknown[] = [];
  await using guard = await listen(async (request, response) => {
    heard.push([request.method, request.url, JSON.parse(await text(request))]);
    response.writeHead(204).end();
  });
  const config = readConfig({
    LITEFS_DIR: folder.path,
    FLEET_SECRET: 'f'.repeat(32),
    PEER_URL: 'http://{node}.example.internal:8081',
    GUARD_URL: `http://127.0.0.1:${guard.port}`,
  });
  make(config.storage.linksFile);
  await tellProgressDuring(config, () => learn(heard));
  return heard;
}

function untilHeard(heard: readonly unknown[]): Promise<void> {
  return vi.waitFor(() => expect(heard).not.toEqual([]), 10_000);
}

function makeDatabase(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
  writeFileSync(`${file}-pos`, `${txid}/8508340953379afc\n`);
}

test('the guard is told epoch and txid of the copy', async () => {
  const heard = await told((file) =>
    makeDatabase(
      file,
      `CREATE TABLE epochs (epoch INTEGER PRIMARY KEY, node TEXT, started_at INTEGER) STRICT;
       INSERT INTO epochs VALUES (6, 'ams2', 1), (7, 'ams1', 2);`,
    ),
  );
  expect(heard[0]).toEqual(['PUT', '/guard/progress', { epoch: 7, txid }]);
});

test.for([
  { name: 'an empty volume', make: () => undefined },
  {
    name: 'a database that no primary has written to',
    make: (file: string) => makeDatabase(file, 'CREATE TABLE a (b TEXT)'),
  },
])('of $name the guard is told nothing', async ({ make }) => {
  expect(await told(make, async () => undefined)).toEqual([]);
});
