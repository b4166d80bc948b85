import { expect, test } from 'vitest';
import { BucketFailure } from '../../src/backup/bucket/bucket.ts';
import { NoRoom } from '../../src/backup/scratch-folder.ts';
import { SnapshotFault } from '../../src/backup/snapshot-fault.ts';
import { failureKindOf } from '../../src/cli/backup/failure-kind.ts';
import { Refusal } from '../../src/cli/refusal.ts';
import { DatabaseFault } from '../../src/domain/database-facts.ts';
import { Failure } from '../../src/domain/failure.ts';

const withCode = (code: string) => Object.assign(new Error('no'), { code });

test.each([
  [new BucketFailure('denied', ''), 'denied'],
  [new BucketFailure('full', ''), 'bucket_full'],
  [new SnapshotFault('damaged', ''), 'damaged'],
  [new SnapshotFault('newer', ''), 'newer'],
  [new SnapshotFault('other', ''), 'other_cluster'],
  [new NoRoom(''), 'disk_full'],
  [withCode('ENOSPC'), 'disk_full'],
  [withCode('EDQUOT'), 'disk_full'],
  [withCode('SQLITE_FULL'), 'disk_full'],
  [new Failure('unavailable', ''), 'copy'],
  [new Refusal(''), 'copy'],
  [new DatabaseFault(''), 'copy'],
  [withCode('ECONNREFUSED'), 'copy'],
  [new TypeError('a defect'), 'internal'],
])('%o is a failure of kind %s', (error, kind) => {
  expect(failureKindOf(error)).toBe(kind);
});
