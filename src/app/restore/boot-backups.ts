import { BucketFailure } from '../../backup/bucket/bucket.ts';
import { toNoRoom } from '../../backup/full-disk.ts';
import { restoreNewest } from '../../backup/restore-newest.ts';
import { NoRoom } from '../../backup/scratch-folder.ts';
import { SnapshotFault } from '../../backup/snapshot-fault.ts';
import type { Config } from '../../config.ts';
import { Failure } from '../../domain/failure.ts';
import { openBackupStore } from '../backup-stores.ts';
import type { BootBackups } from './restore-on-boot.ts';

/** The backups in `BACKUP_URL`, for a node alone that starts without links; `undefined` where none are kept. */
export function openBootBackups({
  backup,
  storage,
}: Pick<Config, 'backup' | 'storage'>): BootBackups | undefined {
  if (backup === undefined) return undefined;
  const store = openBackupStore(backup);
  return {
    async restoreNewest(folder) {
      const restored = await restoreNewest(store, { folder });
      return (
        restored && {
          name: restored.name,
          passedOver: restored.passedOver.map(({ why }) => why),
        }
      );
    },
    toLoneBackup(given) {
      const error = toNoRoom(given, storage.dataDir);
      if (error instanceof NoRoom) return { is: 'no room', why: toSentence(error) };
      if (error instanceof BucketFailure) return { is: 'unreachable', why: toSentence(error) };
      const isOfBackup = error instanceof SnapshotFault || error instanceof Failure;
      return isOfBackup ? { is: 'all damaged', why: toSentence(error) } : undefined;
    },
  };
}

function toSentence({ message }: Error): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
