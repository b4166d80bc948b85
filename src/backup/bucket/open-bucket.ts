import type { BackupPlace, S3Access } from '../../domain/backup-place.ts';
import type { Clock } from '../../domain/clock.ts';
import { systemClock } from '../../system-clock.ts';
import type { Bucket } from './bucket.ts';
import { FolderBucket } from './folder-bucket.ts';
import { S3Bucket } from './s3-bucket.ts';
import { type S3Patience, usualPatience } from './s3-client.ts';

/** Where a bucket is, and what opens it. */
export interface BucketOptions {
  readonly place: BackupPlace;
  readonly s3: S3Access | undefined;
}

/** What S3 is asked with; tests replace it. */
export interface S3Tools {
  readonly clock?: Clock;
  readonly patience?: S3Patience;
}

/** The bucket that a configuration names (`config.backup`). Nothing is asked of it yet. */
export function openBucket(options: BucketOptions, tools: S3Tools = {}): Bucket {
  const { place } = options;
  return place.in === 'folder' ? new FolderBucket(place.folder) : openS3Bucket(options, tools);
}

/** The same where it is known to be one of an S3 server. */
export function openS3Bucket(
  { place, s3 }: BucketOptions,
  { clock = systemClock, patience = usualPatience }: S3Tools = {},
): S3Bucket {
  if (place.in === 'folder' || s3 === undefined) throw new TypeError('a bucket without access');
  const { bucket, prefix } = place;
  return new S3Bucket({ bucket, prefix, access: s3, clock, patience });
}
