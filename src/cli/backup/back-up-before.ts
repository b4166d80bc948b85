import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import type { Context } from '../context.ts';
import { openCopier } from './open-copier.ts';

/**
 * Copies what this node has to a folder beside it, in place of an earlier copy, before it is replaced: two plain files, from
 * which `hoplite move --from` brings it back. Rejects when that is not possible.
 */
export async function backUpBefore(config: Config, { output }: Context): Promise<void> {
  const folder = join(config.storage.dataDir, 'before-restore');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await openCopier(config).copyInto(folder, ['links', 'clicks'], new AbortController().signal);
  output.note(`what there is now is copied to ${folder}`);
}
