import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { NodeProcess } from '../../scripts/cluster/node-process.ts';
import { commandLine, findProcessesWith } from '../../scripts/cluster/process-identity.ts';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { guardNodeOptions } from '../../src/guard/node-options.ts';

/** What a node's guard answers on `/guard/lease`. */
export interface GuardAnswer {
  readonly candidate: boolean;
  readonly place: number | null;
  readonly lease: {
    readonly holder: string | null;
    readonly isOurs: boolean;
    readonly renewedMsAgo: number | null;
  };
  readonly candidates: readonly { readonly node: string; readonly place: number }[];
  readonly mark: { readonly epoch: number; readonly txid: string; readonly node: string } | null;
  readonly litefs: { readonly pid: number };
}

/** Asks a node's guard. Rejects when it does not answer. */
export async function askGuard(node: NodeProcess): Promise<GuardAnswer> {
  const answer = await fetch(`${node.guardUrl}/guard/lease`, {
    signal: AbortSignal.timeout(1_000),
  });
  return (await answer.json()) as GuardAnswer;
}

/** A sample of a node's guard by its name and labels; 0 when there is none. */
export async function guardMetric(node: NodeProcess, sample: string): Promise<number> {
  const text = await (await fetch(`${node.guardUrl}/guard/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`hoplite_guard_${sample} `));
  return line === undefined ? 0 : Number(line.split(' ').at(-1));
}

/** The process of a node's guard. */
export function guardPid(node: NodeProcess): number {
  const found = findProcessesWith('GUARD_URL', node.guardUrl).find(({ pid }) =>
    commandLine(pid).includes('src/guard/main.ts'),
  );
  if (found === undefined) throw new Error(`the guard of ${node.id} does not run`);
  return found.pid;
}

/** The lines that a node's guard has logged with a message. */
export function guardLines(node: NodeProcess, message: string): Record<string, unknown>[] {
  return readFileSync(node.logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"room":"guard"') && line.includes(message))
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === message);
}

/** Resident memory of a process, bytes: proc_pid_status(5), `VmRSS`. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** Leaves the guard's compiled code behind, as `scripts/entrypoint.sh` does before it starts one. */
export function compileGuard(): void {
  const env = {
    ...{ NODE_ID: 'a', CONSUL_URL: 'http://a', CONSUL_KEY: 'a', LITEFS_DATA_DIR: 'a' },
    LITEFS_ADVERTISE_URL: 'http://a',
  };
  const args = [...guardNodeOptions, 'src/guard/main.ts', '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: projectDir,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}
