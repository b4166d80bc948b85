// `npm run simulate -- [--runs N] [--seed S]`: random histories of a fleet that counts clicks, on all cores.
//
// Prints the seed, and for the first history in which a promise is broken the shortest form of it and how to
// play it again: `--world W --seed S --path P`. Exits with 1 then.

import { type ChildProcess, fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Job, JobResult, World } from './job.ts';

/** Histories of one job: few enough that processes end together, and that a seed is soon played again. */
const runsPerJob = 500;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    world: { type: 'string' },
    path: { type: 'string' },
  },
});
const runs = toWhole(values.runs, '--runs');
const seed = toWhole(values.seed, '--seed');
const worlds = toWorlds(values.world);
const { path } = values;

console.log(`seed ${seed}`);
const startMs = performance.now();
const jobs = path === undefined ? listJobs() : [{ world: worlds[0], seed, runs: 1, path } as Job];
let played = 0;
let failure: string | undefined;
const processes = Array.from({ length: Math.min(availableParallelism(), jobs.length) }, () =>
  fork(join(import.meta.dirname, 'worker.ts')),
);
await Promise.all(processes.map(work));
const seconds = Math.round((performance.now() - startMs) / 1000);
console.log(`${played} histories in ${seconds} s, ${failure === undefined ? 'all' : 'not'} well`);
if (failure !== undefined) {
  console.log(failure);
  process.exitCode = 1;
}

/** Each job has a seed of its own, so that it can be played alone. */
function listJobs(): Job[] {
  return Array.from({ length: Math.ceil(runs / runsPerJob) }, (_, index) => ({
    world: worlds[index % worlds.length] as World,
    seed: seed + index,
    runs: Math.min(runsPerJob, runs - index * runsPerJob),
  }));
}

/** Gives one process jobs until there are none left, or one of them failed. */
async function work(child: ChildProcess): Promise<void> {
  for (let job = jobs.shift(); job !== undefined && failure === undefined; job = jobs.shift()) {
    child.send(job);
    const ended = new AbortController();
    const exit = once(child, 'exit', ended);
    const result = await Promise.race([once(child, 'message', ended), exit]);
    ended.abort();
    exit.catch(() => undefined);
    take(job, result[0] as JobResult | number | null);
  }
  child.disconnect();
}

function take(job: Job, result: JobResult | number | null): void {
  if (typeof result !== 'object' || result === null) {
    failure ??= `a process ended while it played seed ${job.seed} of ${job.world}`;
    return;
  }
  const before = played;
  played += result.runs;
  failure ??= result.failure;
  if (Math.floor(before / 10_000) < Math.floor(played / 10_000)) console.error(`${played} played`);
}

function toWhole(text: string, name: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new Error(`${name} must be a whole number`);
  }
  return value;
}

function toWorlds(text: string | undefined): readonly World[] {
  if (text === undefined) return ['plain', 'forks'];
  if (text === 'plain' || text === 'forks') return [text];
  throw new Error('--world must be plain or forks');
}
