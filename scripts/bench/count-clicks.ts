import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { allLinksId, hoursPerDay, toHour } from '../../src/domain/click.ts';
import type { ClickReader, HourRange } from '../../src/domain/click-reader.ts';
import type { ClickCommands, MergeOutcome } from '../../src/domain/writer.ts';
import { openClickReader } from '../../src/storage/click-reader.ts';
import { daysPerMove } from '../../src/storage/fold-clicks.ts';
import type { JournalMode } from '../../src/storage/open-writable.ts';
import { openWriterSession, type WriterSession } from '../../src/storage/writer-session.ts';
import { projectDir } from '../cluster/programs.ts';
import { beginsAtMs, type ClickLoad, sealBatches } from './click-stream.ts';
import { median, quantile } from './statistics.ts';

/** What counting came to. */
export interface CountedLoad extends ClickLoad {
  readonly journalMode: JournalMode;
  /** Rows of the tables of hours and days. */
  readonly rows: number;
  readonly fileBytes: number;
  readonly bytesPerRow: number;
  /** Of merges alone: batches are made, and journals folded in, meanwhile. */
  readonly seconds: number;
  readonly clicksPerSecond: number;
  readonly merges: number;
  readonly mergeP50Ms: number;
  readonly mergeP99Ms: number;
}

/** What a read came to: how long it took, and how long it stopped the thread at most; medians of a few. */
export interface TimedRead {
  readonly read: string;
  readonly ms: number;
  readonly longestStopMs: number;
}

/** Batches that a transaction is offered; it takes as many as fit. */
const batchesAtHand = 8;
const datedForMs = 90 * 86_400_000;
const readsOfEach = 9;

/** Opens `clicks.db`, and `links.db` beside it, in a folder. */
function openBenchSession(folder: string, journalMode: JournalMode): WriterSession {
  return openWriterSession({
    file: join(folder, 'links.db'),
    journalMode,
    migrationsDir: join(projectDir, 'migrations/links'),
    clicks: clicksOf(folder),
    node: 'bench',
    domain: { host: 'localhost:8080', slugCase: 'insensitive' },
    links: { minSlugLength: 6, destinationPolicy: { ownHosts: [], allowPrivate: false } },
  });
}

function clicksOf(folder: string) {
  return { file: join(folder, 'clicks.db'), migrationsDir: join(projectDir, 'migrations/clicks') };
}

/** Counts a load through the writer's own transactions, as a backlog comes. `onProgress` is told of each of them. */
export async function countClicks(
  folder: string,
  journalMode: JournalMode,
  load: ClickLoad,
  random: () => number,
  onProgress: (clicks: number) => void,
): Promise<CountedLoad> {
  const times: number[] = [];
  {
    using session = openBenchSession(folder, journalMode);
    const stream = sealBatches(load, random);
    let waiting: ReturnType<typeof take> = [];
    let done = 0;
    for (;;) {
      waiting.push(...take(stream, batchesAtHand - waiting.length));
      const [first] = waiting;
      if (first === undefined) break;
      const from = performance.now();
      const outcomes = merge(session, waiting, first.timeMs);
      times.push(performance.now() - from);
      const merged = outcomes.filter(({ is }) => is === 'merged').length;
      for (const { clicks } of waiting.slice(0, merged)) done += clicks;
      waiting = waiting.slice(merged);
      onProgress(done);
      await nextTick();
    }
  }
  const { rows, counted, fileBytes } = measureFile(folder);
  if (counted !== load.clicks) throw new Error(`${counted} of ${load.clicks} clicks are counted`);
  const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1_000;
  return {
    ...load,
    journalMode,
    rows,
    fileBytes,
    bytesPerRow: fileBytes / rows,
    seconds,
    clicksPerSecond: load.clicks / seconds,
    merges: times.length,
    mergeP50Ms: quantile(times, 0.5),
    mergeP99Ms: quantile(times, 0.99),
  };
}

function take(
  stream: ReturnType<typeof sealBatches>,
  count: number,
): { readonly bytes: Uint8Array; readonly clicks: number; readonly timeMs: number }[] {
  const taken = [];
  while (taken.length < count) {
    const { value, done } = stream.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

function merge(
  session: WriterSession,
  batches: readonly { readonly bytes: Uint8Array }[],
  nowMs: number,
): readonly MergeOutcome[] {
  return commit(session, 'mergeClicks', { batches, nowMs, datedForMs });
}

function commit<Name extends keyof ClickCommands>(
  session: WriterSession,
  name: Name,
  input: Parameters<ClickCommands[Name]>[0],
): ReturnType<ClickCommands[Name]> {
  const [outcome] = session.counts.run([{ name, input }]).outcomes;
  if (outcome === undefined || 'error' in outcome) throw outcome?.error;
  return outcome.value as ReturnType<ClickCommands[Name]>;
}

/** The file as it is when everything is in it. */
function measureFile(folder: string): { rows: number; counted: number; fileBytes: number } {
  const { file } = clicksOf(folder);
  const database = new Database(file);
  database.pragma('wal_checkpoint(TRUNCATE)');
  const rows = ['click_hours', 'click_days', 'click_value_hours', 'click_value_days'].map(
    (table) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number,
  );
  const counted = database
    .prepare('SELECT clicks + bots FROM click_totals WHERE link_id = ?')
    .pluck()
    .get(allLinksId) as number;
  database.close();
  return {
    rows: rows.reduce((sum, count) => sum + count, 0),
    counted,
    fileBytes: statSync(file).size,
  };
}

/** Reads as the API does, with the pages of the file in memory or not, as it is. */
export async function timeReads(folder: string, hours: number): Promise<readonly TimedRead[]> {
  using reader = openClickReader({ ...clicksOf(folder), timeoutMs: 250 });
  const fromHour = toHour(beginsAtMs);
  const range = { fromHour, toHour: fromHour + hours };
  // Neither edge is that of a day.
  const odd = { fromHour: fromHour + 5, toHour: fromHour + hours - 5 };
  const [top] = await reader.listTopLinks(range, 'all', 1);
  const linkId = top?.linkId ?? allLinksId;
  const reads: readonly [string, (reader: ClickReader, range: HourRange) => Promise<unknown>][] = [
    ['hours of the top link', (r, all) => r.listBuckets(linkId, all)],
    ['hours of all links', (r, all) => r.listBuckets(allLinksId, all)],
    ['referrers of the top link', (r, all) => r.listValues(linkId, 'referrer', all, 'all', 100)],
    ['referrers of all links', (r, all) => r.listValues(allLinksId, 'referrer', all, 'all', 100)],
    ['top 100 links, whole days', (r, all) => r.listTopLinks(all, 'all', 100)],
    ['top 100 links, parts of days', (r) => r.listTopLinks(odd, 'all', 100)],
  ];
  const timed: TimedRead[] = [];
  for (const [read, run] of reads) {
    const times = [];
    for (let turn = 0; turn < readsOfEach; turn += 1) {
      times.push(await time(() => run(reader, range)));
    }
    timed.push({
      read,
      ms: median(times.map(({ ms }) => ms)),
      longestStopMs: median(times.map(({ longestStopMs }) => longestStopMs)),
    });
  }
  return timed;
}

async function time(read: () => Promise<unknown>) {
  const state = { isOver: false };
  const from = performance.now();
  let last = from;
  let longestStopMs = 0;
  const note = () => {
    const now = performance.now();
    longestStopMs = Math.max(longestStopMs, now - last);
    last = now;
  };
  const reading = read().finally(() => {
    note();
    state.isOver = true;
  });
  note();
  while (!state.isOver) {
    await nextTick();
    note();
  }
  await reading;
  return { ms: performance.now() - from, longestStopMs };
}

/** What folding all hours of a load came to. */
export interface FoldedLoad {
  readonly transactions: number;
  readonly seconds: number;
  readonly foldP99Ms: number;
  /** Rows of hours before, and of days after. */
  readonly rowsBefore: number;
  readonly rowsAfter: number;
}

/** Folds everything in a folder, in the transactions that the primary makes of it. */
export function foldAll(folder: string, journalMode: JournalMode, hours: number): FoldedLoad {
  const rowsBefore = measureFile(folder).rows;
  const times: number[] = [];
  {
    using session = openBenchSession(folder, journalMode);
    const beforeHour = toHour(beginsAtMs) + hours;
    for (let days = 0; days < hours / hoursPerDay; days += daysPerMove) {
      for (let isDone = false; !isDone; ) {
        const from = performance.now();
        ({ isDone } = commit(session, 'foldClicks', { beforeHour }));
        times.push(performance.now() - from);
      }
    }
  }
  return {
    transactions: times.length,
    seconds: times.reduce((sum, ms) => sum + ms, 0) / 1_000,
    foldP99Ms: quantile(times, 0.99),
    rowsBefore,
    rowsAfter: measureFile(folder).rows,
  };
}
