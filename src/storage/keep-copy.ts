import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncPath } from '../sync-path.ts';

const unfinished = 'unfinished-';

/**
 * Has `copyInto` copy the databases of a node into a new folder under `parent`, named by the time, beside all that were kept
 * there before: an older one may be the only copy of what is in it. It has its name when it is whole and on the disk; gives
 * its path. Rejects when a copy cannot be made, and nothing is left of it.
 */
export async function keepCopy(
  parent: string,
  copyInto: (folder: string) => Promise<unknown>,
  at: Date,
): Promise<string> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(parent, unfinished));
  try {
    await copyInto(folder);
    for (const name of await readdir(folder)) await syncPath(join(folder, name));
    await syncPath(folder);
    const own = folder.slice(join(parent, unfinished).length);
    const time = at.toISOString().replaceAll(':', '-');
    const whole = join(parent, `${time}-${own}`);
    await rename(folder, whole);
    for (const above of [parent, dirname(parent)]) await syncPath(above);
    return whole;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
