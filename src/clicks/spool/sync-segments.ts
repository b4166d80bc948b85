import type { SegmentFile, SpoolFiles } from './spool-files.ts';
import { parseSpoolName } from './spool-names.ts';

/**
 * Forces to the disk what an earlier process appended to the segments of a folder. Opens them at once, so that none
 * is made anew that is sealed and removed meanwhile. Rejects with the system's errors.
 */
export async function syncSegments(files: SpoolFiles, folder: string): Promise<void> {
  const segments: SegmentFile[] = [];
  try {
    for (const { name } of files.listFiles(folder)) {
      if (parseSpoolName(name)?.is === 'open') segments.push(files.openSegment(folder, name));
    }
    await Promise.all(segments.map((segment) => segment.sync()));
  } finally {
    for (const segment of segments) segment.close();
  }
}
