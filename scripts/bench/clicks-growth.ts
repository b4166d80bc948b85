// `npm run bench:clicks`: what clicks.db grows by, and how fast it counts. See docs/clicks.md, "How clicks are stored".
//
// Batches are sealed as nodes seal them and counted by the writer's own transactions, in this process. With --quick a
// small load that takes seconds; with --json FILE the numbers for a program; with --dir FOLDER elsewhere than in the
// system's folder for temporary files.

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { JournalMode } from '../../src/storage/open-writable.ts';
import { layOut } from '../cluster/table.ts';
import type { ClickLoad } from './click-stream.ts';
import { type CountedLoad, countClicks, foldAll, timeReads } from './count-clicks.ts';
import { openBench } from './open-bench.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    clicks: { type: 'string' },
  },
});
const wanted = Number(options.clicks ?? (options.quick ? 100_000 : 10_000_000));
const week = 7 * 24;
const main: ClickLoad = options.quick
  ? { clicks: wanted, links: 1_000, hours: week }
  : { clicks: wanted, links: 10_000, hours: week };
const small: ClickLoad = { clicks: options.quick ? 30_000 : 300_000, links: 20, hours: 24 };

const bench = openBench('clicks-growth', options.dir);
const { folder, stop } = bench;
await bench.run(async () => {
  const modes = [
    await count('wal', main, 'wal'),
    // Each commit waits for the disk several times: a tenth shows the rate.
    await count('delete', { ...main, clicks: main.clicks / 10 }, 'delete'),
  ];
  const reads = await timeReads(join(folder, 'wal'), main.hours);
  const fold = foldAll(join(folder, 'wal'), 'wal', main.hours);
  const growth = [
    { load: 'a load', ...(await count('base', small)) },
    { load: 'twice the clicks', ...(await count('twice', { ...small, clicks: small.clicks * 2 })) },
    {
      load: 'four times the clicks',
      ...(await count('four', { ...small, clicks: small.clicks * 4 })),
    },
    {
      load: 'twice the clicks and links',
      ...(await count('links', { ...small, clicks: small.clicks * 2, links: small.links * 2 })),
    },
    {
      load: 'twice the clicks and hours',
      ...(await count('hours', { ...small, clicks: small.clicks * 2, hours: small.hours * 2 })),
    },
  ];
  if (options.json !== undefined) {
    const text = JSON.stringify({ modes, reads, fold, growth }, undefined, 2);
    writeFileSync(options.json, `${text}\n`);
  }
  print(
    ['journal', 'clicks', 'links', 'rows', 'rows a click', 'MB', 'bytes a row'],
    modes.map((it) => [
      it.journalMode,
      String(it.clicks),
      String(it.links),
      String(it.rows),
      (it.rows / it.clicks).toFixed(2),
      toMb(it.fileBytes),
      it.bytesPerRow.toFixed(1),
    ]),
  );
  print(
    ['journal', 'seconds', 'clicks a second', 'merges', 'p50 ms', 'p99 ms'],
    modes.map((it) => [
      it.journalMode,
      it.seconds.toFixed(1),
      it.clicksPerSecond.toFixed(0),
      String(it.merges),
      it.mergeP50Ms.toFixed(1),
      it.mergeP99Ms.toFixed(1),
    ]),
  );
  print(
    ['growth', 'clicks', 'links', 'hours', 'rows', 'MB', 'size'],
    growth.map((it) => [
      it.load,
      String(it.clicks),
      String(it.links),
      String(it.hours),
      String(it.rows),
      toMb(it.fileBytes),
      (it.fileBytes / (growth[0]?.fileBytes ?? Number.NaN)).toFixed(2),
    ]),
  );
  print(
    ['read', 'ms', 'longest stop ms'],
    reads.map((it) => [it.read, it.ms.toFixed(1), it.longestStopMs.toFixed(1)]),
  );
  print(
    ['fold', 'seconds', 'transactions', 'p99 ms', 'rows before', 'rows after'],
    [
      [
        `${week} hours`,
        fold.seconds.toFixed(1),
        String(fold.transactions),
        fold.foldP99Ms.toFixed(1),
        String(fold.rowsBefore),
        String(fold.rowsAfter),
      ],
    ],
  );
});

/** Counts a load into a folder of its own. Rejects when someone wants this to end. */
function count(
  name: string,
  load: ClickLoad,
  journalMode: JournalMode = 'delete',
): Promise<CountedLoad> {
  const share = load.clicks / 10;
  let next = share;
  return countClicks(join(folder, name), journalMode, load, createRandom(), (clicks) => {
    stop.throwIfAborted();
    if (clicks < next) return;
    console.error(`${name}: ${clicks} of ${load.clicks} clicks`);
    next += share;
  });
}

/** The same numbers in each run. */
function createRandom(): () => number {
  let state = 20_260_901;
  return () => {
    // Mulberry32, by Tommy Ettinger, public domain.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function toMb(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function print(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  for (const line of layOut([[...heads], ...rows.map((row) => [...row])])) console.log(line);
  console.log();
}
