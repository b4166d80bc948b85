import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism, constants, loadavg, setPriority } from 'node:os';

/**
 * Lets everything else on this machine have the CPU first, at once. `runnable` is how many threads wanted it in the last
 * minute.
 *
 * The lowest niceness still holds a redirect up, for up to 4 ms: what has begun to run keeps the CPU until the clock ticks
 * (docs/performance.md, "While a backup is made"). `SCHED_IDLE` gives way at once (sched(7)), so that is taken while the
 * machine has CPU to spare. Where it had none in the last minute a thread of that policy would hardly ever run, and there
 * would be no backup.
 */
export function takeLowestPriority(runnable = loadavg()[0] ?? 0): void {
  takeLowestNiceness();
  // Of util-linux. Where it is missing, the niceness is all there is.
  if (process.platform === 'linux' && runnable < availableParallelism()) {
    spawnSync('chrt', ['--all-tasks', '--idle', '--pid', '0', String(process.pid)]);
  }
}

/**
 * Lets everything else on this machine have most of the CPU. Of Linux, where a priority belongs to a thread: those that
 * compress and read files have been there before. Elsewhere it is that of the process.
 */
export function takeLowestNiceness(): void {
  for (const thread of listThreads()) {
    try {
      setPriority(thread, constants.priority.PRIORITY_LOW);
    } catch {
      // It has just ended. Whatever the reason, the work is the same.
    }
  }
}

function listThreads(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [0];
  }
}
