import type { InspectDatabase } from '../domain/database-facts.ts';
import type { DatabaseName } from '../domain/database-name.ts';
import type { BackupKeys } from './backup-keys.ts';
import type { Bucket } from './bucket/bucket.ts';

/** A bucket with backups, and what it takes to make and to read them. */
export interface BackupStore {
  readonly bucket: Bucket;
  readonly keys: BackupKeys;
  /** Whether parts are encrypted from now on. */
  readonly encrypt: boolean;
  /** Version of this program. */
  readonly release: string;
  /** The newest migration of each database that this release has. */
  readonly schemas: Readonly<Record<DatabaseName, string>>;
  readonly inspect: InspectDatabase;
}
