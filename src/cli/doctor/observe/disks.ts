import { statfs } from 'node:fs/promises';

/** The file system that a folder lies on. */
export interface DiskFacts {
  readonly path: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The disks of the folders that are there. */
export async function observeDisks(
  paths: readonly (string | undefined)[],
): Promise<readonly DiskFacts[]> {
  const disks = await Promise.all(paths.map((path) => observeDisk(path)));
  return disks.filter((disk) => disk !== undefined);
}

async function observeDisk(path: string | undefined): Promise<DiskFacts | undefined> {
  if (path === undefined) return undefined;
  try {
    // `bavail` is what is left to a user who is not root.
    const { bsize, bavail, blocks } = await statfs(path);
    return { path, freeBytes: bsize * bavail, totalBytes: bsize * blocks };
  } catch (error) {
    // Absent or out of reach, which is not about its disk.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
