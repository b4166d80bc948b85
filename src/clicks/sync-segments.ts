import type { SpoolFiles } from './spool-files.ts';
import { parseSpoolName } from './spool-names.ts';

/**
 * Forces to the disk what an earlier process appended to the segments of a folder. They are opened before this returns,
 * so that they can be sealed and removed meanwhile. Rejects with the system's errors.
 */
export async function syncSegments(files: SpoolFiles, folder: string): Promise<void> {
  const segments = files
    .listFiles(folder)
    .filter(({ name }) => parseSpoolName(name)?.is === 'open')
    .map(({ name }) => files.openSegment(folder, name));
  try {
    await Promise.all(segments.map((segment) => segment.sync()));
  } finally {
    for (const segment of segments) segment.close();
  }
}
