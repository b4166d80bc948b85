import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import type { Context } from '../context.ts';
import { openCopier } from './open-copier.ts';
import { openBackupStore } from './open-store.ts';
import { takeBackup } from './take-backup.ts';
import { tellPerson } from './tell-person.ts';

/**
 * Backs up what there is, before it is replaced: to `BACKUP_URL`, and where there is none, copies what this node has to a folder beside it, in place of an
 * earlier copy: two plain files, from which `hoplite move --from` brings it back. Rejects when that is not possible.
 */
export async function backUpBefore(config: Config, { output }: Context): Promise<void> {
  if (config.backup !== undefined) {
    const { backup } = config;
    const { signal } = new AbortController();
    const store = openBackupStore(backup);
    const taken = await tellPerson(() =>
      takeBackup(config, backup, store, { onlyWhenDue: false, signal }),
    );
    output.note(`what there is now is backed up: ${taken.name}`);
    return;
  }
  const folder = join(config.storage.dataDir, 'before-restore');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await openCopier(config).copyInto(folder, ['links', 'clicks'], new AbortController().signal);
  output.note(`what there is now is copied to ${folder}`);
}
