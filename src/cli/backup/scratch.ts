import { join } from 'node:path';
import { openScratchFolder, type ScratchFolder } from '../../backup/scratch-folder.ts';
import type { Config } from '../../config.ts';
import { claimFolder } from '../../storage/folder-claim.ts';

/** Where runs of this node have their files. */
export function scratchParentOf({ storage }: Config): string {
  return join(storage.dataDir, 'backup');
}

/** Opens a folder there for one run. Rejects with `NoRoom` when the disk would be too full with `neededBytes` more. */
export function openScratch(config: Config, neededBytes = 0): Promise<ScratchFolder> {
  return openScratchFolder(scratchParentOf(config), neededBytes, claimFolder);
}
