import type { SnapshotFile } from '../domain/snapshot-file.ts';
import type { Bucket } from './bucket/bucket.ts';

/** The objects in a snapshot file, read and written as those of a bucket are. */
export function toBucket(file: SnapshotFile): Pick<Bucket, 'read' | 'write'> {
  return {
    read: async (key) => file.read(key),
    write: async (key, body) => file.write(key, body),
  };
}
