import type { Config } from '../../config.ts';
import type { BackupConfig } from '../../config-backup.ts';
import { Refusal } from '../refusal.ts';

/** Where the backups of this node go. Throws a `Refusal` where there are none. */
export function expectBackups({ backup }: Config): BackupConfig {
  if (backup !== undefined) return backup;
  throw new Refusal(
    'there is no place for backups; set BACKUP_URL (s3://bucket/prefix or file:///folder) and BACKUP_KEY',
  );
}
