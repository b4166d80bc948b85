import type { BackupPlace, S3Access } from '../domain/backup-place.ts';
import { nameBackupPlace } from '../domain/backup-place.ts';
import { type Bucket, BucketFailure } from './bucket.ts';
import { FolderBucket } from './bucket-folder.ts';

/** The bucket that a configuration names (`config.backup`). Nothing is asked of it yet. */
export function openBucket(options: {
  readonly place: BackupPlace;
  readonly s3: S3Access | undefined;
}): Bucket {
  const { place } = options;
  if (place.in === 'folder') return new FolderBucket(place.folder);
  throw new BucketFailure('unreachable', `${nameBackupPlace(place)} cannot be reached yet.`);
}
