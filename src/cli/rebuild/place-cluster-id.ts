import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncPathNow } from '../../sync-path.ts';

/** Writes LiteFS's `clusterid`, whole or not at all, and forces it to the disk. */
export function placeClusterId(volumeDir: string, clusterId: string): void {
  mkdirSync(volumeDir, { recursive: true, mode: 0o700 });
  const file = join(volumeDir, 'clusterid');
  writeFileSync(`${file}.new`, `${clusterId}\n`, { flush: true });
  renameSync(`${file}.new`, file);
  syncPathNow(volumeDir);
}
