import type { BackupFailureKind } from '../../backup/backup-report.ts';
import { BucketFailure } from '../../backup/bucket/bucket.ts';
import { isDiskFull } from '../../backup/full-disk.ts';
import { NoRoom } from '../../backup/scratch-folder.ts';
import { SnapshotFault } from '../../backup/snapshot-fault.ts';
import { DatabaseFault } from '../../domain/database-facts.ts';
import { Failure } from '../../domain/failure.ts';
import { isSqliteError } from '../../storage/sqlite-error.ts';
import { Refusal } from '../refusal.ts';

/** What kind of failure an error of a backup or of a trial is, for the metrics. */
export function failureKindOf(error: unknown): BackupFailureKind {
  if (error instanceof BucketFailure) return error.kind === 'full' ? 'bucket_full' : error.kind;
  if (error instanceof SnapshotFault) return error.kind === 'other' ? 'other_cluster' : error.kind;
  if (error instanceof NoRoom || isDiskFull(error)) return 'disk_full';
  const isOfCopy =
    error instanceof DatabaseFault || error instanceof Failure || error instanceof Refusal;
  return isOfCopy || isSqliteError(error) || codeOf(error) !== undefined ? 'copy' : 'internal';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
