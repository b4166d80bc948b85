import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The core of servers, and the one of the load. */
export const cores = { server: 0, load: 1 } as const;

/** A core by its number, or all of them. */
export type Core = number | 'any';

/** Whether programs run on cores of their own: where there are two of them, and `taskset` (util-linux). */
export const isPinned =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** The command line that runs a program on one core, where that can be had. */
export function pinned(core: Core, commandLine: readonly string[]): readonly string[] {
  return isPinned && core !== 'any' ? ['taskset', '-c', String(core), ...commandLine] : commandLine;
}
