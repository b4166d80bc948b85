import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { giveToOwnerOf } from '../../backup/give-to-owner.ts';
import { SnapshotFault } from '../../backup/snapshot-fault.ts';
import type { Config } from '../../config.ts';
import type { BackupConfig } from '../../config-backup.ts';
import { keepCopy } from '../../storage/keep-copy.ts';
import type { Context } from '../context.ts';
import { openCopier } from './open-copier.ts';
import { openBackupStore } from './open-store.ts';
import { takeBackup } from './take-backup.ts';
import { tellPerson } from './tell-person.ts';

/**
 * Backs up what there is, before it is replaced: to `BACKUP_URL`; and where there is none, or it holds the backups of another
 * fleet, as a copy of what this node has in a new folder beside it: two plain files, from which `hoplite move --from` brings it back. Rejects when that is not possible.
 */
export async function backUpBefore(config: Config, context: Context): Promise<void> {
  const { backup } = config;
  if (backup !== undefined) {
    const name = await tellPerson(() => backUpToBucket(config, backup, context));
    if (name !== undefined) return context.output.note(`what there is now is backed up: ${name}`);
  }
  const parent = join(config.storage.dataDir, 'before-restore');
  const folder = await keepCopy(parent, openCopier(config), new Date());
  // Whoever restores next puts another one beside it.
  giveToOwnerOf(config.storage.dataDir, [
    parent,
    folder,
    ...readdirSync(folder).map((name) => join(folder, name)),
  ]);
  context.output.note(`what there is now is copied to ${folder}`);
}

/** The name of the backup; `undefined` when the place is that of another fleet. */
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
    if (!(error instanceof SnapshotFault) || error.kind !== 'other') throw error;
    output.note(error.message);
    return undefined;
  }
}
