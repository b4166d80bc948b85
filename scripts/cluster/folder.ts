import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runVariable } from './child.ts';
import { ClusterFailure } from './cluster-failure.ts';
import { mountsUnder, unmountAll } from './mounts.ts';
import {
  findProcessesWith,
  identifyProcess,
  isRunning,
  killProcess,
  type ProcessIdentity,
} from './process-identity.ts';
import { plannedNode } from './topology.ts';
import { until } from './until.ts';

const runRecord = z.object({
  /** Random: no process has it in its environment that the run did not start. */
  id: z.string(),
  /** The process that runs the cluster, until it has ended everything. */
  command: z.object({ pid: z.number(), startTime: z.string() }).optional(),
  /** Kept with `--keep`, as the data is. */
  fleetSecret: z.string(),
  adminKey: z.string(),
  nodes: z.array(plannedNode),
});

/** What a run writes down, so that later commands find it and a later run can end what it left behind. */
export type RunRecord = Readonly<z.output<typeof runRecord>>;

/**
 * Makes `dir` ready for a run and takes it: ends the processes that a killed run left behind, detaches its mounts,
 * and deletes its data unless `keep`. Returns the record of the new run.
 *
 * Throws a `ClusterFailure` when a cluster runs there, or when the folder is not one of a cluster.
 */
export async function takeFolder(
  dir: string,
  options: { readonly keep: boolean },
): Promise<RunRecord> {
  const last = readRun(dir);
  if (last === undefined && existsSync(dir) && readdirSync(dir).length > 0) {
    throw new ClusterFailure(
      `${dir} is not empty and is not the folder of a cluster: choose another one with --dir.`,
    );
  }
  if (last !== undefined) {
    if (last.command !== undefined && isRunning(last.command)) {
      throw new ClusterFailure(
        `A cluster runs in ${dir} already (process ${last.command.pid}): end it with Ctrl-C, or choose another folder with --dir.`,
      );
    }
    await endLeftovers(dir, last);
    if (!options.keep) rmSync(dir, { recursive: true });
  }
  const kept = options.keep ? last : undefined;
  const run: RunRecord = {
    id: randomBytes(16).toString('hex'),
    command: identifyProcess(process.pid) as ProcessIdentity,
    fleetSecret: kept?.fleetSecret ?? randomBytes(32).toString('hex'),
    adminKey: kept?.adminKey ?? randomBytes(24).toString('base64url'),
    nodes: kept?.nodes ?? [],
  };
  mkdirSync(dir, { recursive: true });
  writeRun(dir, run);
  return run;
}

/** The record of the present or last run in `dir`; `undefined` when there was none. */
export function readRun(dir: string): RunRecord | undefined {
  const file = recordFile(dir);
  return existsSync(file) ? runRecord.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

/** Notes that nothing of the run in `dir` is left. */
export function releaseFolder(dir: string): void {
  const run = readRun(dir);
  if (run !== undefined) writeRun(dir, { ...run, command: undefined });
}

/** Replaces the record of the present run. */
export function writeRun(dir: string, run: RunRecord): void {
  const fresh = `${recordFile(dir)}.new`;
  writeFileSync(fresh, `${JSON.stringify(run, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, recordFile(dir));
}

async function endLeftovers(dir: string, run: RunRecord): Promise<void> {
  const left = () => findProcessesWith(runVariable, run.id);
  await until(
    () => {
      const processes = left();
      processes.forEach(killProcess);
      return processes.length === 0;
    },
    { what: 'the processes of the last run have ended', timeoutMs: 10_000 },
  );
  await unmountAll(dir);
  if (mountsUnder(dir).length > 0) {
    throw new ClusterFailure(`A mount of the last run cannot be detached: ${mountsUnder(dir)}.`);
  }
}

function recordFile(dir: string): string {
  return join(dir, 'cluster.json');
}
