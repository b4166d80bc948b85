// One step of a backup in a process of its own, for backups.ts: `backup-step.ts <inspect|pack|unpack> <folder>`.

import { join } from 'node:path';
import { BackupKeys } from '../../src/backup/backup-keys.ts';
import type { BackupStore } from '../../src/backup/backup-store.ts';
import { FolderBucket } from '../../src/backup/bucket/folder-bucket.ts';
import { packSnapshot } from '../../src/backup/pack-snapshot.ts';
import { findPrevious } from '../../src/backup/previous-backups.ts';
import { restoreNewest } from '../../src/backup/restore-newest.ts';
import { inspectDatabase } from '../../src/storage/inspect-database.ts';
import type { BackupStep } from './backup-step-result.ts';
import { readUsage } from './usage.ts';

const [step = '', folder = ''] = process.argv.slice(2);
const file = join(folder, 'links.db');
const store: BackupStore = {
  bucket: new FolderBucket(join(folder, 'bucket')),
  keys: new BackupKeys(['a secret of this benchmark, which is none']),
  encrypt: false,
  release: 'bench',
  schemas: { links: '9999', clicks: '9999' },
  inspect: inspectDatabase,
};

const startedMs = performance.now();
const startedCpu = process.cpuUsage();
const sentBytes = await work();
const { user, system } = process.cpuUsage(startedCpu);
const result: BackupStep = {
  step,
  seconds: (performance.now() - startedMs) / 1000,
  cpuSeconds: (user + system) / 1e6,
  // NOTE: not from getrusage(2), which begins with what the process had that started this one.
  peakRssMb: readUsage(process.pid).peakRssMb,
  sentBytes,
};
console.log(JSON.stringify(result));

async function work(): Promise<number> {
  if (step === 'inspect') {
    inspectDatabase(file);
    return 0;
  }
  if (step === 'unpack') {
    if ((await restoreNewest(store, { folder: join(folder, 'out') })) === undefined) {
      throw new Error('there is no backup');
    }
    return 0;
  }
  const facts = inspectDatabase(file);
  const links = { file, takenAtMs: Date.now(), position: null, facts };
  const previous = await findPrevious(store);
  const packing = { files: { links }, node: 'bench', clusterId: null, previous };
  return (await packSnapshot(store, packing)).sentBytes;
}
