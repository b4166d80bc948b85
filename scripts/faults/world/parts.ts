import { readdirSync, readFileSync } from 'node:fs';
import {
  commandLine,
  identifyProcess,
  type ProcessIdentity,
} from '../../cluster/process-identity.ts';
import { unlessGone } from '../../cluster/unless-gone.ts';

/** The processes of a node, each the child of the one before. */
export const partNames = ['guard', 'litefs', 'app'] as const;
export type PartName = (typeof partNames)[number];

/** What stands in the command line of each, and of nothing else that a node runs. */
const marks: readonly (readonly [PartName, string])[] = [
  ['guard', 'src/guard/main.ts'],
  ['litefs', 'litefs mount'],
  ['app', 'src/main.ts'],
];

/** A process of a node. */
export interface Part extends ProcessIdentity {
  readonly name: PartName;
}

/** The parts of a node that run now, from its first process on. */
export function findParts(pid: number): Part[] {
  const identity = identifyProcess(pid);
  if (identity === undefined) return [];
  const line = commandLine(pid);
  const name = marks.find(([, mark]) => line.includes(mark))?.[0];
  const below = childrenOf(pid).flatMap(findParts);
  return name === undefined ? below : [{ ...identity, name }, ...below];
}

/** A process that a thread has started is a child of that thread: proc_pid_task(5). */
function childrenOf(pid: number): number[] {
  const threads = unlessGone(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads
    .map((thread) => unlessGone(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')))
    .flatMap((children) => (children ?? '').split(' '))
    .filter(Boolean)
    .map(Number);
}

/** Sends a signal to a part; nothing when it has ended. */
export function signalPart({ pid }: Part, signal: NodeJS.Signals): void {
  unlessGone(() => process.kill(pid, signal));
}
