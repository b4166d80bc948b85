import { openBackupStore } from '../../app/backup-stores.ts';
import {
  type StagedRestore,
  type StagingPlace,
  stageBackup,
  stageFiles,
  stageNothing,
} from '../../app/restore/staged-restore.ts';
import { BucketFailure } from '../../backup/bucket/bucket.ts';
import { restoreNewest } from '../../backup/restore-newest.ts';
import { SnapshotFault } from '../../backup/snapshot-fault.ts';
import type { Config } from '../../config.ts';
import { exitCodes } from '../../domain/exit-codes.ts';
import { Failure } from '../../domain/failure.ts';
import { expectBackups } from '../backup/expect-backups.ts';
import type { Output } from '../output.ts';
import { Refusal } from '../refusal.ts';

/** Where the links come from; none of these: the fleet starts empty. */
export interface SourceOptions {
  readonly links?: string;
  readonly clicks?: string;
  readonly fromBackup?: true;
  readonly empty?: true;
}

/** What a fleet is rebuilt from, put aside and found sound. */
export interface RebuildSource {
  /** Without links it starts empty. */
  readonly staged: StagedRestore;
  /** For people, as in "the 7 links of the backup …". */
  readonly words: string;
  /** The cluster that it is of, where it says so. */
  readonly clusterId: string | undefined;
  /** What no other one has. */
  readonly name: string;
}

/** Throws a `Refusal` where options do not go together, or where a backup would be forgotten. */
export function checkSource(
  { backup }: Pick<Config, 'backup'>,
  { links, clicks, fromBackup, empty }: SourceOptions,
): void {
  if (clicks !== undefined && links === undefined) {
    throw new Refusal('clicks mean nothing without their links; add --links');
  }
  if ([fromBackup, links, empty].filter((each) => each !== undefined).length > 1) {
    throw new Refusal('one of --from-backup, --links and --empty, not more');
  }
  if (backup !== undefined && !fromBackup && links === undefined && !empty) {
    throw new Refusal(
      `there may be backups in ${backup.url}; say --from-backup, --links or --empty`,
    );
  }
}

/**
 * Puts aside what the fleet is rebuilt from. Throws a `Failure` that names a file that cannot be used; rejects with what keeps
 * a backup from being restored.
 */
export async function stageSource(
  config: Config,
  options: SourceOptions,
  { place, output }: { readonly place: StagingPlace; readonly output: Output },
): Promise<RebuildSource> {
  const { links, clicks } = options;
  if (links !== undefined) {
    const staged = stageFiles(place, { links, clicks });
    return { staged, words: 'the file', clusterId: undefined, name: links };
  }
  if (!options.fromBackup) {
    const staged = stageNothing(place);
    return { staged, words: 'nothing', clusterId: undefined, name: 'empty' };
  }
  const store = openBackupStore(expectBackups(config));
  const found = await stageBackup(place, (folder) => restoreNewest(store, { folder })).catch(
    refuse,
  );
  if (found === undefined) throw new Refusal(`there is no backup in ${store.bucket.name}`);
  const { name, manifest, passedOver } = found.unpacked;
  for (const { why } of passedOver) output.note(`NOT the newest backup: ${why}`);
  return {
    staged: found.staged,
    words: `the backup ${name}`,
    clusterId: manifest.clusterId ?? undefined,
    name,
  };
}

/** By the exit code a guard knows whether to ask again. */
function refuse(error: unknown): never {
  if (error instanceof BucketFailure) {
    throw new Refusal(error.message, { cause: error, exitCode: exitCodes.tryAgain });
  }
  if (error instanceof SnapshotFault || error instanceof Failure) {
    throw new Refusal(error.message, { cause: error, exitCode: exitCodes.damaged });
  }
  throw error;
}
