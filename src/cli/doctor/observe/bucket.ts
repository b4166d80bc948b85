import { openBackupStore } from '../../../app/backup-stores.ts';
import { BucketFailure } from '../../../backup/bucket/bucket.ts';
import { openBucket } from '../../../backup/bucket/open-bucket.ts';
import { listBackups } from '../../../backup/list-backups.ts';
import type { Config } from '../../../config.ts';

/** How the place of backups answers. */
export type BucketFacts =
  | {
      readonly is: 'answering';
      readonly name: string;
      /** How far its clock is ahead of this machine's. */
      readonly clockOffsetMs: number;
    }
  | {
      readonly is: 'failing';
      /** A sentence that names the variable to mend. */
      readonly why: string;
    };

/** As long as everything else that is looked at. */
const patience = { attempts: 2, firstWaitMs: 200, attemptMs: 2_000, callMs: 4_000 };

/**
 * Asks the place of backups for its time, and looks whether the newest one there is one that this node can read; `undefined` where
 * there is none. Writes nothing.
 */
export async function observeBucket({
  backup,
}: Pick<Config, 'backup'>): Promise<BucketFacts | undefined> {
  if (backup === undefined) return undefined;
  const bucket = openBucket(backup, { patience });
  try {
    const clockOffsetMs = (await bucket.nowMs()) - Date.now();
    const [newest] = await listBackups({ ...openBackupStore(backup), bucket }, { limit: 1 });
    if (newest !== undefined && newest.is !== 'sound') {
      return { is: 'failing', why: newest.fault.message };
    }
    return { is: 'answering', name: bucket.name, clockOffsetMs };
  } catch (error) {
    if (error instanceof BucketFailure) return { is: 'failing', why: error.message };
    throw error;
  }
}
