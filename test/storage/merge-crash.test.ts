import { execFile } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { createClickCommands } from '../../src/storage/click-commands.ts';
import { Connection } from '../../src/storage/connection.ts';
import { ClickDatabase } from '../support/click-database.ts';
import { databaseContent } from '../support/database-content.ts';
import { sealBatch, someTimeMs } from '../support/sealed-batch.ts';

const child = fileURLToPath(new URL('./merge-until-killed-child.ts', import.meta.url));
const hour = Math.floor(someTimeMs / 3_600_000);

const batches = [
  sealBatch({ ticks: [{ clicks: [{ linkId: 7 }, { linkId: 8 }] }] }),
  sealBatch({
    seq: 2,
    clicksBefore: 2,
    ticks: [{ clicks: [{ linkId: 7, details: { country: 'NL' } }], orphans: ['gone'] }],
  }),
];
const mergeInput = (bytes: readonly Uint8Array[]) => ({
  batches: bytes.map((each) => ({ bytes: each })),
  nowMs: someTimeMs,
  datedForMs: 86_400_000,
});

/**
 * Runs a command in a process of its own, with each input in a transaction; gives how many statements it took, or
 * `undefined` when it was killed.
 */
async function run(
  file: string,
  name: string,
  inputs: readonly object[],
  killBefore = 0,
): Promise<number | undefined> {
  const text = JSON.stringify(inputs, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  try {
    const args = [child, file, name, text, String(killBefore)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return (JSON.parse(stdout) as { statements: number }).statements;
  } catch (error) {
    if ((error as { signal?: string }).signal === 'SIGKILL') return undefined;
    throw error;
  }
}

/** Runs the same here, on what the process left. */
function runHere(file: string, name: 'mergeClicks' | 'foldClicks', input: object): unknown {
  using connection = new Connection(new Database(file));
  const commands = createClickCommands(connection);
  return connection.database.transaction(() => commands[name](input as never)).immediate();
}

/** Every statement of the beginning and the end, and some between. */
function someStatements(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1).filter(
    (number) => number <= 3 || number > count - 5 || number % 15 === 0,
  );
}

describe.each(['delete', 'wal'] as const)('with the journal mode %s', (journalMode) => {
  test.each([
    ['mergeClicks', mergeInput(batches.slice(1))],
    ['foldClicks', { beforeHour: hour + 24 }],
  ] as const)(
    'a crash in %s leaves all or nothing, and doing it again ends it',
    async (name, input) => {
      using clicks = new ClickDatabase(journalMode);
      const { folder, file } = clicks;
      runHere(file, 'mergeClicks', mergeInput(batches.slice(0, 1)));
      clicks.connection.database.pragma('wal_checkpoint(TRUNCATE)');
      const before = databaseContent(file);
      copyFileSync(file, folder.file('after.db'));
      const statements = (await run(folder.file('after.db'), name, [input])) ?? 0;
      const after = databaseContent(folder.file('after.db'));
      expect(after).not.toEqual(before);
      expect(statements).toBeGreaterThan(8);

      const survived: number[] = [];
      for (const killBefore of someStatements(statements)) {
        const crashed = folder.file(`crash-${killBefore}.db`);
        copyFileSync(file, crashed);
        expect(await run(crashed, name, [input], killBefore)).toBeUndefined();
        const content = databaseContent(crashed);
        if (JSON.stringify(content) === JSON.stringify(after)) survived.push(killBefore);
        else expect(content, `killed before statement ${killBefore}`).toEqual(before);
        const again = runHere(crashed, name, input);
        if (name === 'mergeClicks') {
          expect(again).toMatchObject([{ is: 'merged', cursor: { seq: 2, clicks: 3 } }]);
        }
        expect(databaseContent(crashed), `after statement ${killBefore}`).toEqual(after);
      }
      // The last statement is the commit; killed before it, nothing is there.
      expect(survived).toEqual([]);
    },
    180_000,
  );
});

test('processes that are killed one after another in a backlog count every batch once', async () => {
  using clicks = new ClickDatabase('delete');
  const backlog = Array.from({ length: 30 }, (_, index) => {
    const ticks = [{ clicks: [{ linkId: 1 + (index % 5) }] }];
    return mergeInput([sealBatch({ seq: index + 1, clicksBefore: index, ticks })]);
  });
  const counted: number[] = [];
  for (const killBefore of [100, 300, 500, 700, 900, 0]) {
    await run(clicks.file, 'mergeClicks', backlog, killBefore);
    const [total] = clicks.rows<{ clicks: number; links: number }>(
      `SELECT (SELECT clicks FROM click_totals WHERE link_id = 0) AS clicks,
         (SELECT sum(clicks) FROM click_totals WHERE link_id > 0) AS links`,
    );
    expect(total?.links).toBe(total?.clicks);
    expect(clicks.rows('SELECT seq, clicks FROM producers')).toEqual([
      { seq: total?.clicks, clicks: total?.clicks },
    ]);
    counted.push(total?.clicks ?? 0);
  }
  expect(counted).toEqual(counted.toSorted((a, b) => a - b));
  expect(counted[0]).toBeLessThan(10);
  expect(counted.at(-1)).toBe(30);
});
