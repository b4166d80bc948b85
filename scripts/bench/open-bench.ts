import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Interrupts, takeInterrupts } from '../cluster/interrupts.ts';

/** A benchmark that is a program of its own. */
export interface Bench extends Interrupts {
  /** For its files. */
  readonly folder: string;
  /** Does the work and removes the folder. An interrupt ends it with exit code 130 and without a stack. */
  readonly run: (work: () => Promise<void>) => Promise<void>;
}

/** Makes a folder in `parent`, by default the system's for temporary files. */
export function openBench(name: string, parent = tmpdir()): Bench {
  const interrupts = takeInterrupts();
  const folder = mkdtempSync(join(parent, `bench-${name}-`));
  return {
    ...interrupts,
    folder,
    async run(work) {
      try {
        await work();
      } catch (error) {
        if (!interrupts.stop.aborted) throw error;
        process.exitCode = 130;
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
