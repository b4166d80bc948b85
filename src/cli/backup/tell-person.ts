import { BucketFailure } from '../../backup/bucket/bucket.ts';
import { NoRoom } from '../../backup/scratch-folder.ts';
import { SnapshotFault } from '../../backup/snapshot-fault.ts';
import { DatabaseFault } from '../../domain/database-facts.ts';
import { Refusal } from '../refusal.ts';

/** Does the work of a command. What is expected to go wrong becomes a `Refusal` with the same sentence. */
export async function tellPerson<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isExpected =
      error instanceof BucketFailure ||
      error instanceof SnapshotFault ||
      error instanceof NoRoom ||
      error instanceof DatabaseFault;
    if (!isExpected) throw error;
    throw new Refusal(error.message, { cause: error });
  }
}
