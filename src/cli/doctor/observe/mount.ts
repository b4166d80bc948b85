import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { findMount, type MountEntry } from '../../../cluster/mount-table.ts';
import type { Position } from '../../../domain/position.ts';

/** What came of reading the position of links.db from the mount. */
export type MountReading =
  /** The position is absent while there is no database. */
  | { readonly is: 'readable'; readonly position?: Position | undefined }
  | { readonly is: 'failed'; readonly code: string }
  | { readonly is: 'hanging' };

/** The folder where LiteFS should be. */
export interface MountFacts {
  readonly folder: string;
  /** What is mounted there; `unknown` where the system does not tell. */
  readonly entry: MountEntry | 'unknown' | undefined;
  /** `undefined` when there is no mount to read. */
  readonly reading: MountReading | undefined;
}

const readTimeoutMs = 3000;

/** Looks at LiteFS's mount, also at one that is dead or hangs. */
export async function observeMount(folder: string): Promise<MountFacts> {
  const entry = await findMount(folder);
  return {
    folder,
    entry,
    reading: entry === undefined ? undefined : await readMount(folder, readTimeoutMs),
  };
}

/**
 * Reads the position in a process of its own. Whoever reads a mount whose LiteFS hangs waits for it, cannot give up,
 * and sometimes cannot even be killed; then it is that process, and not this one.
 */
export async function readMount(folder: string, timeoutMs: number): Promise<MountReading> {
  const program = fileURLToPath(new URL('./read-mount.ts', import.meta.url));
  const child = spawn(process.execPath, [program, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timeoutMs);
  const printed = await Promise.race([text(child.stdout), late.promise]);
  clearTimeout(timer);
  if (printed !== undefined) return JSON.parse(printed) as MountReading;
  child.kill('SIGKILL');
  child.stdout.destroy();
  child.unref();
  return { is: 'hanging' };
}
