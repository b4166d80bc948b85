import { NoRoom } from './scratch-folder.ts';

/** What the system and SQLite say where a disk, or a quota of one, is full; the last one where a WAL gets no index. */
const codes: ReadonlySet<unknown> = new Set([
  'ENOSPC',
  'EDQUOT',
  'SQLITE_FULL',
  'SQLITE_IOERR_SHMSIZE',
]);

/** Whether an error says that a disk is full; then it says nothing about what was to be written. */
export function isDiskFull(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && codes.has(error.code);
}

/** Does work that writes into a folder. Rejects with `NoRoom` when its disk becomes full meanwhile. */
export async function writingInto<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toNoRoom(error, folder);
  }
}

/** The `NoRoom` that an error of writing into a folder means; any other error as it is. */
export function toNoRoom(error: unknown, folder: string): unknown {
  if (!isDiskFull(error)) return error;
  // What SQLite sorts or packs anew may lie elsewhere meanwhile, and it does not say which of both is full.
  const where = error.code.startsWith('SQLITE_')
    ? `the disk of ${folder}, or that of SQLite's temporary files (SQLITE_TMPDIR, or else /var/tmp),`
    : `the disk or the quota of ${folder}`;
  const sentence = `${where} is full (${error.code}): make room, or make the volume larger`;
  return new NoRoom(sentence, { cause: error });
}
