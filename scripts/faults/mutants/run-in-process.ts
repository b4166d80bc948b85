import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../../cluster/programs.ts';
import type { Verdict } from '../check/judge.ts';
import type { FaultName } from '../fault-name.ts';

/** A run may not last longer; then it is ended. */
const maxMs = 8 * 60_000;

/** One run of some faults, in a process and network of its own. */
export interface SeparateRun {
  /** What the nodes run from. */
  readonly projectDir: string;
  readonly faults: readonly FaultName[];
  readonly times: number;
  readonly seed: number;
  /** Where result and output go: `<name>.json` and `<name>.log` in `dir`. */
  readonly dir: string;
  readonly name: string;
}

/** Runs it and gives the verdicts; none when it did not come so far as to have any. */
export async function runInProcess(run: SeparateRun, signal: AbortSignal): Promise<Verdict[]> {
  const json = join(run.dir, `${run.name}.json`);
  rmSync(json, { force: true });
  const output = openSync(join(run.dir, `${run.name}.log`), 'w');
  try {
    const child = spawn(
      process.execPath,
      [
        ...[join(projectDir, 'scripts/faults/main.ts'), '--only', run.faults.join(',')],
        ...['--times', String(run.times), '--seed', String(run.seed), '--json', json],
        ...['--project', run.projectDir],
      ],
      { stdio: ['ignore', output, output] },
    );
    const end = () => child.kill('SIGTERM');
    const timer = setTimeout(end, maxMs);
    signal.addEventListener('abort', end);
    await once(child, 'exit');
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  } finally {
    closeSync(output);
  }
  try {
    const { invariants } = JSON.parse(readFileSync(json, 'utf8')) as { invariants: Verdict[] };
    return invariants;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
