import type { BackupStore } from './backup-store.ts';
import {
  type BackupEntry,
  byAge,
  findBackups,
  readBackup,
  type SoundBackup,
} from './list-backups.ts';

/** So many manifests are read in search of sound ones. */
const mostRead = 20;
/** So many sound ones are enough: another node may be at work with an older copy. */
const wanted = 2;

/** What the next backup builds on. */
export interface PreviousBackups {
  /** When the bucket was looked at, by its own clock. */
  readonly seenAtMs: number;
  /** The newest sound ones, newest first. */
  readonly sound: readonly SoundBackup[];
  /** What was found beside them that is not sound. */
  readonly unsound: readonly BackupEntry[];
}

/** Looks for the newest sound backups. Rejects with a `BucketFailure`. */
export async function findPrevious(
  store: Pick<BackupStore, 'bucket' | 'keys' | 'release'>,
  signal?: AbortSignal,
): Promise<PreviousBackups> {
  // NOTE: the clock first, so that what is found was there at that time or later.
  const seenAtMs = await store.bucket.nowMs(signal);
  const { places } = await findBackups(store, signal);
  const sound: SoundBackup[] = [];
  const unsound: BackupEntry[] = [];
  for (const place of places.slice(0, mostRead)) {
    const entry = await readBackup(store, place, signal);
    if (entry?.is === 'sound') sound.push(entry);
    else if (entry !== undefined) unsound.push(entry);
    if (sound.length >= wanted) break;
  }
  return { seenAtMs, sound, unsound };
}

/**
 * The newest sound backup, when it is newer than those that were found before: another run has made it since. Where there is
 * none this is one listing. Rejects with a `BucketFailure`.
 */
export async function findNewestSince(
  { sound: [before] }: PreviousBackups,
  store: Pick<BackupStore, 'bucket' | 'keys' | 'release'>,
  signal?: AbortSignal,
): Promise<SoundBackup | undefined> {
  const { places } = await findBackups(store, signal);
  for (const place of places.slice(0, mostRead)) {
    if (before !== undefined && byAge(before, place) <= 0) return undefined;
    const entry = await readBackup(store, place, signal);
    if (entry?.is === 'sound') return entry;
  }
  return undefined;
}
