import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The mount points at or below an absolute path. Reads the kernel's list and touches no mount: a dead one would answer ENOTCONN. */
export function mountsUnder(path: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => decodeOctal(line.split(' ')[1] ?? ''))
    .filter((point) => point === path || point.startsWith(`${path}/`));
}

/** Detaches all FUSE mounts at or below an absolute path, also those whose LiteFS is gone. Needs no root. */
export async function unmountAll(path: string): Promise<void> {
  for (const point of mountsUnder(path)) {
    // Lazy: a process that still has a file open there does not keep the mount.
    await run('fusermount3', ['-u', '-z', '--', point]);
  }
}

/** The kernel writes space, tab, newline and backslash as octal: proc_pid_mounts(5). */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
