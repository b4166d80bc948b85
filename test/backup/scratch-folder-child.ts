import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchFolder } from '../../src/backup/scratch-folder.ts';
import { claimFolder } from '../../src/storage/folder-claim.ts';

/** Opens a scratch folder under the given parent, puts a file into it and lets it go, so many times. */
const [parent = '', rounds = ''] = process.argv.slice(2);
for (let round = 0; round < Number(rounds); round += 1) {
  await using scratch = await openScratchFolder(parent, 0, claimFolder);
  writeFileSync(join(scratch.path, 'links.db'), 'x');
}
