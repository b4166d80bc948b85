// `npm run bench:backup`: what a backup costs the redirects. See docs/performance.md, "While a backup is made".
//
// Hoplite alone on its machine, with a million links and ten million clicks, is asked at times of its own. In each round once
// in peace, and once while a backup is made of all of it into an empty folder, so that nothing is spared: copied, checked,
// hashed, compressed and written. Some seconds are asked at a time, and each of them counts as much as any other: no part of
// a backup is left out. With --quick a small load that takes seconds; with --json FILE the numbers for a program; --links,
// --clicks, --rate and --rounds for other loads; with --dir FOLDER elsewhere than in the system's folder for temporary files.
// --data FOLDER keeps the databases for the next time, and takes those that are there.
//
// Everything shares all cores, and visitors, who are elsewhere, take little of them. With --one-core the server, the backup and
// all threads of both have one: the load spins on the other.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createBackupProcess } from '../../src/backup/backup-process.ts';
import { findFreePort } from '../../test/support/free-port.ts';
import { projectDir } from '../cluster/programs.ts';
import { layOut } from '../cluster/table.ts';
import { countClicks } from './count-clicks.ts';
import { startHopliteProcess } from './hoplite.ts';
import { makeLinks } from './links.ts';
import type { LoadResult } from './load-job.ts';
import { LoadProcess } from './load-process.ts';
import { openBench } from './open-bench.ts';
import { cores } from './pinned.ts';
import { mean, median, ratiosByRound, spread } from './statistics.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    rounds: { type: 'string' },
    links: { type: 'string' },
    clicks: { type: 'string' },
    rate: { type: 'string', default: '500' },
    'one-core': { type: 'boolean', default: false },
    data: { type: 'string' },
  },
});
const links = Number(options.links ?? (options.quick ? 10_000 : 1_000_000));
const clicks = Number(options.clicks ?? (options.quick ? 20_000 : 10_000_000));
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
// The server ends a connection that asks nothing for 10 s, and at a low rate some of the load's never do.
const seconds = options.quick ? 1 : 4;
const asksInPeace = options.quick ? 2 : 8;
const perSecond = Number(options.rate);
const isOneCore = options['one-core'];
/** Until the server's code is compiled as it will stay, and its memory is full. */
const warmUps = 3;

const bench = openBench('during-backup', options.dir);
const { folder, stop } = bench;
await bench.run(async () => {
  const dataDir = options.data ?? join(folder, 'data');
  if (!existsSync(dataDir)) {
    mkdirSync(dataDir);
    console.error(`making ${links} links and ${clicks} clicks`);
    const load = { clicks, links: 10_000, hours: 7 * 24 };
    await countClicks(dataDir, 'wal', load, Math.random, () => stop.throwIfAborted());
    makeLinks(dataDir, links);
  }

  const env = { DATA_DIR: dataDir };
  await using server = await startHopliteProcess({
    privatePort: await findFreePort(),
    env,
    core: isOneCore ? cores.server : 'any',
    signal: stop,
  });
  await using loader = new LoadProcess(stop, isOneCore ? cores.load : 'any');
  const askOnce = () =>
    loader.run({
      port: server.port,
      method: 'GET',
      headers: 'browser',
      links,
      popularity: 'zipf',
      pace: { is: 'open', seconds, perSecond, sleeps: !isOneCore, creators: 0, creatorsPort: 0 },
    });

  const askInPeace = async (): Promise<Latency> => {
    const results: LoadResult[] = [];
    for (let count = 0; count < asksInPeace; count += 1) results.push(await askOnce());
    return average(results);
  };
  const askWhileBackingUp = async (): Promise<Latency> => {
    const results: LoadResult[] = [];
    let isOver = false;
    const backingUp = makeBackup(env).finally(() => {
      isOver = true;
    });
    const asking = (async () => {
      // What was asked when it ended would count too little of it.
      for (let result = await askOnce(); !isOver; result = await askOnce()) results.push(result);
    })();
    const [tookMs] = await Promise.all([backingUp, asking]);
    backupMs.push(tookMs);
    if (results.length === 0) throw new Error('the backup was too quick to be measured');
    return average(results);
  };

  for (let count = 0; count < warmUps; count += 1) await askOnce();
  const peaceful: Latency[] = [];
  const disturbed: Latency[] = [];
  const backupMs: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    console.error(`round ${round} of ${rounds}`);
    // In turn, so that what the machine does to one half of a round is not always the same half.
    const isPeacefulFirst = round % 2 === 1;
    if (isPeacefulFirst) peaceful.push(await askInPeace());
    disturbed.push(await askWhileBackingUp());
    if (!isPeacefulFirst) peaceful.push(await askInPeace());
  }

  const ratios = ratiosByRound(
    disturbed.map(({ p99Ms }) => p99Ms),
    peaceful.map(({ p99Ms }) => p99Ms),
  );
  const { min, max } = spread(ratios);
  const result = {
    links,
    clicks,
    perSecond,
    isOneCore,
    rounds,
    p50Ms: [
      median(peaceful.map(({ p50Ms }) => p50Ms)),
      median(disturbed.map(({ p50Ms }) => p50Ms)),
    ],
    p99Ms: [
      median(peaceful.map(({ p99Ms }) => p99Ms)),
      median(disturbed.map(({ p99Ms }) => p99Ms)),
    ],
    ratio: median(ratios),
    ratioSpread: [min, max],
    backups: backupMs.length,
    backupSeconds: median(backupMs) / 1000,
  };
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  }
  const ms = (values: readonly number[]) => values.map((value) => value.toFixed(3));
  const rows = [
    ['redirects', 'p50 ms', 'p99 ms'],
    ['in peace', ms(result.p50Ms)[0], ms(result.p99Ms)[0]],
    ['while a backup is made', ms(result.p50Ms)[1], ms(result.p99Ms)[1]],
  ].map((row) => row.map((cell) => cell ?? ''));
  for (const line of layOut(rows)) console.log(line);
  console.log(
    `p99 is ${result.ratio.toFixed(2)} of what it is in peace (${min.toFixed(2)} to ${max.toFixed(2)} in ${rounds} rounds); a backup takes ${result.backupSeconds.toFixed(1)} s beside it`,
  );
});

/** How long redirects took. */
interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function average(results: readonly LoadResult[]): Latency {
  return {
    p50Ms: mean(results.map(({ p50Ms }) => p50Ms)),
    p99Ms: mean(results.map(({ p99Ms }) => p99Ms)),
  };
}

/** As the node makes them, and all of it anew. */
async function makeBackup(env: Readonly<Record<string, string>>): Promise<number> {
  const bucket = mkdtempSync(join(folder, 'bucket-'));
  const startMs = performance.now();
  const run = createBackupProcess({
    isAlone: true,
    file: join(projectDir, 'src/cli/hoplite.ts'),
    env: {
      ...env,
      BACKUP_URL: `file://${bucket}`,
      BACKUP_KEY: 'a-key-for-backups-that-nobody-restores',
    },
  });
  const report = await run('backup', stop);
  if (report.outcome !== 'taken') throw new Error(`no backup was made: ${JSON.stringify(report)}`);
  rmSync(bucket, { recursive: true });
  return performance.now() - startMs;
}
