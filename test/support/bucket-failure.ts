import { BucketFailure } from '../../src/backup/bucket/bucket.ts';

/** The failure that a call of a bucket ends with. Throws when it succeeds, or fails otherwise. */
export async function bucketFailureOf(work: Promise<unknown>): Promise<BucketFailure> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (error instanceof BucketFailure) return error;
  throw new Error('no failure of a bucket', { cause: error });
}
