import type { BackupStore } from './backup-store.ts';
import { copiedAtMs, toAgeMs } from './bucket-age.ts';
import type { SoundBackup } from './list-backups.ts';

/**
 * Whether a database of this backup may become one of the next without being copied again: its parts are stored as they would be
 * now, by the first key and encrypted or not. A manifest says nothing of the key of its parts, so it is that of its signature: no
 * backup is made that takes over parts of another key. Otherwise a key that is taken away would take them along.
 *
 * Nor is one built on that was copied later than `nowMs`, the clock of the bucket: what it has would count as new until then.
 */
export function canCarryOver(
  { manifest, keyId }: Pick<SoundBackup, 'manifest' | 'keyId'>,
  { keys, encrypt }: Pick<BackupStore, 'keys' | 'encrypt'>,
  nowMs: number,
): boolean {
  const databases = Object.values(manifest.databases);
  return (
    keys.isFirst(keyId) &&
    toAgeMs(nowMs, copiedAtMs(manifest)) !== undefined &&
    databases.every((database) => database === null || database.encrypted === encrypt)
  );
}
