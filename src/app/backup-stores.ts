import { BackupKeys } from '../backup/backup-keys.ts';
import type { BackupStore } from '../backup/backup-store.ts';
import { openBucket } from '../backup/bucket/open-bucket.ts';
import type { FileStore } from '../backup/one-file.ts';
import type { Config } from '../config.ts';
import type { BackupConfig } from '../config-backup.ts';
import type { DatabaseName } from '../domain/database-name.ts';
import { inspectDatabase } from '../storage/inspect-database.ts';
import { readMigrations } from '../storage/migrations/migration.ts';
import { snapshotFiles } from '../storage/snapshot-files.ts';
import { migrationsDirs, readRelease } from './release.ts';

/** The bucket that `BACKUP_URL` names, with the keys of this node. Nothing is asked of it yet. */
export function openBackupStore(backup: BackupConfig): BackupStore {
  return {
    ...describeRelease(),
    bucket: openBucket(backup),
    keys: new BackupKeys(backup.keys),
    encrypt: backup.encrypt,
  };
}

/** What it takes to make and read backups in one file, with the keys of this node. */
export function openFileStore({ backupKeys }: Config): FileStore {
  return {
    ...describeRelease(),
    files: snapshotFiles,
    keys: backupKeys.length === 0 ? undefined : new BackupKeys(backupKeys),
  };
}

/** What this release knows of databases. */
function describeRelease(): Pick<BackupStore, 'release' | 'schemas' | 'inspect'> {
  return {
    release: readRelease(),
    schemas: { links: newestOf('links'), clicks: newestOf('clicks') },
    inspect: inspectDatabase,
  };
}

function newestOf(name: DatabaseName): string {
  return readMigrations(migrationsDirs[name]).at(-1)?.file ?? '0';
}
