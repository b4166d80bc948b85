import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultName } from '../fault-name.ts';

/** One place of the source that is other in a mutant. */
export interface Change {
  /** From the project's folder. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/**
 * A version of Hoplite without one of its protections, to prove that the fault run would notice. It exists only as a changed
 * copy of the source: nothing in Hoplite can switch a protection off.
 */
export interface Mutant {
  readonly name: string;
  /** What is gone, in words. */
  readonly without: string;
  readonly changes: readonly Change[];
  /** The faults that have to show it, and how often they happen in one run. */
  readonly faults: readonly FaultName[];
  readonly times: number;
  /** At least one of these breaks. */
  readonly invariants: readonly string[];
}

/** Makes a copy of the project the mutant. Throws when a place that it changes is not there, or more than once. */
export function applyMutant(dir: string, { name, changes }: Mutant): void {
  for (const { file, find, replace } of changes) {
    const path = join(dir, file);
    const [before, after, ...more] = readFileSync(path, 'utf8').split(find);
    if (after === undefined || more.length > 0) {
      throw new Error(
        `The mutant ${name} does not fit: ${file} holds this ${after === undefined ? 'nowhere' : 'more than once'}: ${find}`,
      );
    }
    writeFileSync(path, before + replace + after);
  }
}
