import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A line of the kernel's list of mounts. */
export interface MountEntry {
  readonly point: string;
  /** Such as `fuse`, `fuse.litefs` or `ext4`. */
  readonly type: string;
}

/**
 * The mount at a folder, from the kernel's list; `undefined` when nothing is mounted there, `unknown` where the system
 * has no such list. Touches no mount, since a dead one answers with errors and a hanging one not at all.
 */
export async function findMount(folder: string): Promise<MountEntry | 'unknown' | undefined> {
  const text = await readFile('/proc/self/mounts', 'utf8').catch(absent);
  if (text === undefined) return 'unknown';
  const parent = await realpath(dirname(folder)).catch(absent);
  const point = parent === undefined ? folder : join(parent, basename(folder));
  return parseMounts(text).findLast((entry) => entry.point === point);
}

/** Parses `/proc/self/mounts`; of several mounts at one point the last one is seen. Source: proc_pid_mounts(5). */
export function parseMounts(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const [, point, type] = line.split(' ');
    return point === undefined || type === undefined ? [] : [{ point: decodeOctal(point), type }];
  });
}

/** Whether a program serves the files, as LiteFS does. */
export function isFuse({ type }: MountEntry): boolean {
  return /^fuse(?:\..+)?$/.test(type);
}

/** The kernel writes space, tab, newline and backslash in octal. */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
