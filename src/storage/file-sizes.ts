import { statSync } from 'node:fs';

/**
 * How large files are together, bytes; one that is not there has none. They are never opened for it: closing a database's file
 * drops the locks of all who have it open in this process (sqlite.org/howtocorrupt.html, section 2.2).
 */
export function sizeOfFiles(...files: readonly string[]): number {
  return files
    .map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, bytes) => sum + bytes, 0);
}
