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

/** A size for people. */
export function toSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${(bytes / 1024).toFixed(1)} KiB`;
  if (bytes < 1_073_741_824) return `${(bytes / 1_048_576).toFixed(1)} MiB`;
  return `${(bytes / 1_073_741_824).toFixed(2)} GiB`;
}
