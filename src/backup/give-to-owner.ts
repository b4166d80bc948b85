import { chownSync, statSync } from 'node:fs';

/**
 * A command may run as root, and the app as a user who has to read, write and remove what it made: gives it to whoever has
 * `folder`.
 */
export function giveToOwnerOf(folder: string, paths: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  for (const path of paths) chownSync(path, uid, gid);
}
