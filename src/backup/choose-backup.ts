import { type BackupPlace, byAge } from './list-backups.ts';

/**
 * The backups that a restore may use, the best first: the newest, or the newest of `atMs` or before. What comes after the first
 * one is used when that cannot be.
 */
export function chooseBackups<Place extends Pick<BackupPlace, 'name' | 'takenAtMs' | 'storedAtMs'>>(
  backups: readonly Place[],
  { atMs = Number.POSITIVE_INFINITY }: { readonly atMs?: number | undefined } = {},
): readonly Place[] {
  return backups.filter(({ takenAtMs }) => takenAtMs <= atMs).toSorted(byAge);
}
