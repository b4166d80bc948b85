// `npm run bench:backups`: what it takes to make a backup of a million links, and to unpack it. See docs/performance.md.
//
// Into a folder, so that no network is measured. Each step is a process of its own, as it is in production, whose time, CPU time
// and memory the kernel tells. With --links N another number of links; with --dir FOLDER elsewhere than in the system's folder for
// temporary files; with --json FILE the numbers for a program.

import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import Database from 'better-sqlite3';
import { layOut } from '../cluster/table.ts';
import { type BackupStep, stepResult } from './backup-step-result.ts';
import { makeLinks } from './links.ts';
import { openBench } from './open-bench.ts';

const run = promisify(execFile);
const { values: options } = parseArgs({
  options: {
    links: { type: 'string', default: '1000000' },
    dir: { type: 'string', default: tmpdir() },
    json: { type: 'string' },
  },
});

const bench = openBench('backups', options.dir);
const { folder, stop } = bench;
await bench.run(async () => {
  const live = join(folder, 'live');
  mkdirSync(live);
  mkdirSync(join(folder, 'bucket'));
  makeLinks(live, Number(options.links));
  const database = new Database(join(live, 'links.db'));
  database.prepare('VACUUM INTO ?').run(join(folder, 'links.db'));
  const fileMb = statSync(join(folder, 'links.db')).size / 1e6;

  const steps = [
    await measure('inspect'),
    await measure('pack'),
    { ...(await measure('pack')), step: 'pack, nothing new' },
    { ...(await measureChanged()), step: 'pack, 100 edits' },
    await measure('unpack'),
  ];
  database.close();
  const results = steps.map((it) => ({ ...it, mbPerSecond: fileMb / it.seconds }));
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify({ fileMb, steps: results }, undefined, 2)}\n`);
  }
  console.log(`${options.links} links, ${fileMb.toFixed(0)} MB`);
  const rows = results.map((it) => [
    it.step,
    it.seconds.toFixed(2),
    it.cpuSeconds.toFixed(2),
    it.mbPerSecond.toFixed(0),
    it.peakRssMb.toFixed(0),
    (it.sentBytes / 1e6).toFixed(1),
  ]);
  const head = ['step', 'seconds', 'CPU seconds', 'MB/s', 'peak RSS MB', 'sent MB'];
  console.log(layOut([head, ...rows]).join('\n'));

  /** What a minute may bring: links all over the file. */
  async function measureChanged(): Promise<BackupStep> {
    rmSync(join(folder, 'links.db'));
    database.exec(
      `UPDATE links SET updated_at = updated_at + 1 WHERE id IN (SELECT abs(random()) % ${options.links} FROM links LIMIT 100)`,
    );
    database.prepare('VACUUM INTO ?').run(join(folder, 'links.db'));
    return measure('pack');
  }
});

async function measure(step: string): Promise<BackupStep> {
  const program = join(import.meta.dirname, 'backup-step.ts');
  const { stdout } = await run(process.execPath, [program, step, folder], { signal: stop });
  return stepResult.parse(JSON.parse(stdout));
}
