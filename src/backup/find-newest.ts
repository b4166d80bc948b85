import { chooseBackups } from './choose-backup.ts';
import { findBackups, readBackup, type SoundBackup } from './list-backups.ts';
import { expectNothing, noneVerifies, type PassedOver } from './restore-newest.ts';
import type { Unpacking } from './unpack-snapshot.ts';

/** The backup that a restore begins with, as its manifest tells. */
export interface FoundBackup {
  readonly backup: SoundBackup;
  /** Those that are newer and cannot be used, newest first. */
  readonly passedOver: readonly PassedOver[];
}

/**
 * Looks for the newest backup whose manifest is sound, without fetching it: what `restoreNewest` starts with. `undefined` only
 * when the bucket holds nothing of backups at all. Rejects as that does, with a `SnapshotFault` or a `BucketFailure`.
 */
export async function findNewest(
  store: Unpacking,
  signal?: AbortSignal,
): Promise<FoundBackup | undefined> {
  const { places } = await findBackups(store, signal);
  if (places.length === 0) return expectNothing(store, signal);
  const passedOver: PassedOver[] = [];
  for (const place of chooseBackups(places)) {
    const entry = await readBackup(store, place, signal);
    if (entry === undefined) continue;
    if (entry.is === 'sound') return { backup: entry, passedOver };
    if (entry.is !== 'damaged') throw entry.fault;
    passedOver.push({ name: entry.name, why: entry.fault.message });
  }
  throw noneVerifies(store.bucket.name, passedOver);
}
