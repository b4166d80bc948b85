import { DeadMount, Mount } from '../../../cluster/mount.ts';
import { parsePosition } from '../../../domain/position.ts';
import type { MountReading } from './mount.ts';

/** Longer than a `-pos` file. */
const maxBytes = 64;

async function read(folder: string): Promise<MountReading> {
  try {
    const position = await new Mount(folder).read('links.db-pos', maxBytes);
    return {
      is: 'readable',
      position: position === undefined ? undefined : parsePosition(position),
    };
  } catch (error) {
    const failed = error instanceof DeadMount ? error.cause : error;
    if (failed instanceof Error && 'code' in failed) {
      return { is: 'failed', code: String(failed.code) };
    }
    // The mount was taken away, or another put in its place, between two looks at it.
    if (error instanceof DeadMount) return { is: 'failed', code: 'ENODEV' };
    throw error;
  }
}

if (import.meta.main) process.stdout.write(JSON.stringify(await read(process.argv[2] ?? '')));
