import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseName } from '../../domain/database-name.ts';
import { findDatabaseState } from '../../storage/database-state.ts';
import { syncPathNow } from '../../sync-path.ts';

/** The links come last: with them a folder counts as full. */
const names: readonly DatabaseName[] = ['clicks', 'links'];

/**
 * Makes the files that wait in `restoreDir` the databases of a node alone, which has claimed its folder. One that holds
 * something stays, and what was to replace it is put aside. Gives the names of those that were placed.
 *
 * Safe to repeat after a crash at any moment: a file that is still there was not placed. Throws what the disk throws.
 */
export function placeRestore(
  restoreDir: string,
  files: Readonly<Record<DatabaseName, string>>,
): readonly string[] {
  const placed: string[] = [];
  let keeps = false;
  for (const name of names) {
    const from = join(restoreDir, `${name}.db`);
    const to = files[name];
    if (!existsSync(from)) continue;
    const { is } = findDatabaseState(to);
    if (is !== 'absent' && is !== 'empty') {
      keeps = true;
      continue;
    }
    // Of the file that is replaced: SQLite would take them for parts of the new one.
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(`${to}${suffix}`, { force: true });
    syncPathNow(dirname(to));
    renameSync(from, to);
    syncPathNow(dirname(to));
    placed.push(`${name}.db`);
  }
  const aside = `${restoreDir}.unused`;
  rmSync(aside, { recursive: true, force: true });
  if (keeps) renameSync(restoreDir, aside);
  else rmSync(restoreDir, { recursive: true, force: true });
  syncPathNow(dirname(restoreDir));
  return placed;
}
