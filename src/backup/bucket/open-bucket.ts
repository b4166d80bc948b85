import type { BackupPlace, S3Access } from '../../domain/backup-place.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Bucket } from './bucket.ts';
import { FolderBucket } from './folder-bucket.ts';
import { S3Bucket } from './s3-bucket.ts';
import { type S3Patience, usualPatience } from './s3-client.ts';

const systemClock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() };

/** The bucket that a configuration names (`config.backup`). Nothing is asked of it yet. */
export function openBucket(
  options: { readonly place: BackupPlace; readonly s3: S3Access | undefined },
  {
    clock = systemClock,
    patience = usualPatience,
  }: { readonly clock?: Clock; readonly patience?: S3Patience } = {},
): Bucket {
  const { place, s3 } = options;
  if (place.in === 'folder') return new FolderBucket(place.folder);
  return openS3Bucket({ place, s3 }, { clock, patience });
}

/** The same where it is known to be one of an S3 server. */
export function openS3Bucket(
  options: { readonly place: BackupPlace; readonly s3: S3Access | undefined },
  {
    clock = systemClock,
    patience = usualPatience,
  }: { readonly clock?: Clock; readonly patience?: S3Patience } = {},
): S3Bucket {
  const { place, s3 } = options;
  if (place.in === 'folder' || s3 === undefined) throw new TypeError('a bucket without access');
  const { bucket, prefix } = place;
  return new S3Bucket({ bucket, prefix, access: s3, clock, patience });
}
