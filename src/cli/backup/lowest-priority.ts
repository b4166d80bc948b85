import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Lets everything else on this machine have the CPU first. Of Linux, where a priority belongs to a thread: those that
 * compress and read files have been there before. Elsewhere it is that of the process.
 */
export function takeLowestPriority(): void {
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
