import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What changes a disk, of those parts of Node that a restore uses. */
const syncNames = ['mkdirSync', 'rmSync', 'renameSync', 'writeFileSync', 'copyFileSync'] as const;
const moreSyncNames = ['fsyncSync', 'chownSync'] as const;
const promiseNames = ['mkdir', 'rm', 'rename', 'open'] as const;

/** The end of the process, as far as its disk can tell. */
export class Crash extends Error {}

type AnyFunction = (...args: unknown[]) => unknown;

/**
 * Runs `work` in a process that ends before its `crashBefore`th change of the disk: from there on no change is made any more,
 * not even by what cleans up, as after `kill -9`. Gives how many changes there were, and whether it came to the crash.
 */
export async function crashDuring(
  work: () => Promise<unknown>,
  crashBefore = Number.POSITIVE_INFINITY,
): Promise<{ readonly changes: number; readonly crashed: boolean }> {
  let changes = 0;
  const count = (name: string, original: AnyFunction): AnyFunction =>
    function counted(this: unknown, ...args) {
      changes += 1;
      if (changes >= crashBefore) throw new Crash(`before ${name}`);
      return original.apply(this, args);
    };
  const undo: (() => void)[] = [];
  const patch = (target: object, names: readonly string[]) => {
    const functions = target as Record<string, AnyFunction>;
    for (const name of names) {
      const original = functions[name] as AnyFunction;
      functions[name] = count(name, original);
      undo.push(() => {
        functions[name] = original;
      });
    }
  };
  patch(fs, [...syncNames, ...moreSyncNames]);
  patch(fs.promises, promiseNames);
  syncBuiltinESMExports();
  try {
    await work();
  } catch (error) {
    if (changes < crashBefore) throw error;
  } finally {
    for (const each of undo) each();
    syncBuiltinESMExports();
  }
  return { changes, crashed: changes >= crashBefore };
}
