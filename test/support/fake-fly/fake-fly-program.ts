import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { emptyState, type FakeFlyState } from './fake-fly-state.ts';

/** A folder with a program `fly` in it. */
export interface FakeFlyProgram {
  readonly folder: string;
  /** What a program needs to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** All that it remembers, and the calls that came. */
  memory(): { readonly state: FakeFlyState; readonly calls: readonly string[] };
}

/** Puts the fake on a `PATH` of its own for the running test. */
export function installFakeFly(state: Partial<FakeFlyState> = {}): FakeFlyProgram {
  const folder = mkdtempSync(join(tmpdir(), 'hoplite-fly-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const memory = join(folder, 'memory.json');
  writeFileSync(memory, JSON.stringify({ state: { ...emptyState(), ...state }, calls: [] }));
  const program = join(folder, 'fly');
  const source = join(import.meta.dirname, 'program.ts');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${source}' "$@"\n`);
  chmodSync(program, 0o755);
  return {
    folder,
    env: {
      PATH: `${folder}:/usr/bin:/bin`,
      FAKE_FLY: memory,
      // Twenty calls compile the fake once.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
    },
    memory: () => JSON.parse(readFileSync(memory, 'utf8')),
  };
}
