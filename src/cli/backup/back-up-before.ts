import { openBackupStore } from '../../app/backup-stores.ts';
import { SnapshotFault } from '../../backup/snapshot-fault.ts';
import type { Config } from '../../config.ts';
import type { BackupConfig } from '../../config-backup.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { takeBackup } from './take-backup.ts';
import { tellPerson } from './tell-person.ts';

/**
 * Backs up what there is to `BACKUP_URL`, before it is replaced. Where there is none, or it holds the backups of another
 * fleet or key, there is only what the primary keeps (`LiveRestore`). Rejects when the backup cannot be made.
 */
export async function backUpBefore(config: Config, context: Context): Promise<void> {
  const { backup } = config;
  if (backup === undefined) return;
  const name = await tellPerson(() => backUpToBucket(config, backup, context)).catch(
    (error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
      throw new Refusal(`${error.message}\n${howToGoOn}`, { cause: error });
    },
  );
  if (name !== undefined) context.output.note(`what there is now is backed up: ${name}`);
}

const howToGoOn =
  'So what there is now cannot be backed up, and nothing was changed. To go on without that, leave BACKUP_URL empty; a restore has its place in --from then.';

/** The place is that of another fleet or machine, or of a key that is not held. */
const elsewhere: ReadonlySet<SnapshotFault['kind']> = new Set(['other', 'other_key']);

/** The name of the backup; `undefined` when the place is not for those of this node. */
async function backUpToBucket(
  config: Config,
  backup: BackupConfig,
  { output }: Context,
): Promise<string | undefined> {
  const { signal } = new AbortController();
  const options = { onlyWhenDue: false, signal };
  try {
    return (await takeBackup(config, backup, openBackupStore(backup), options)).name;
  } catch (error) {
    if (!(error instanceof SnapshotFault) || !elsewhere.has(error.kind)) throw error;
    output.note(
      `what there is now is not backed up, and only copied by the primary: ${error.message}`,
    );
    return undefined;
  }
}
