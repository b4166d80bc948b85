import { readdirSync, readFileSync } from 'node:fs';
import { unlessGone } from './unless-gone.ts';

/** A process that is not mistaken for another one that got the same number later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since the machine's start. */
  readonly startTime: string;
}

/** The identity of a process; `undefined` when it has ended. A zombie has ended. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat === undefined || stat.state === 'Z' ? undefined : { pid, startTime: stat.startTime };
}

/** The process group that a process is in; `undefined` when it has ended. */
export function processGroup(pid: number): number | undefined {
  return readStat(pid)?.group;
}

/** Whether that very process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTime === identity.startTime;
}

/** All processes that were started with this in their environment, as far as this user may see them. */
export function findProcessesWith(variable: string, value: string): ProcessIdentity[] {
  const wanted = `${variable}=${value}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readProcFile(pid, 'environ')?.split('\0').includes(wanted))
    .map(identifyProcess)
    .filter((identity) => identity !== undefined);
}

/** The command line of a process, for people. */
export function commandLine(pid: number): string {
  return readProcFile(pid, 'cmdline')?.split('\0').join(' ').trim() ?? 'ended meanwhile';
}

/** Ends that very process at once; one that has ended already is fine. */
export function killProcess(identity: ProcessIdentity): void {
  if (isRunning(identity)) unlessGone(() => process.kill(identity.pid, 'SIGKILL'));
}

/** proc_pid_stat(5): the second field is the name in parentheses and may hold spaces; the state is the third. */
function readStat(pid: number): { state: string; group: number; startTime: string } | undefined {
  const text = readProcFile(pid, 'stat');
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', , group] = fields;
  return { state, group: Number(group), startTime: fields[19] ?? '' };
}

function readProcFile(pid: number, name: string): string | undefined {
  return unlessGone(() => readFileSync(`/proc/${pid}/${name}`, 'utf8'));
}
