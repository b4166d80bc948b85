import { startsEmpty } from '../../domain/starts-empty.ts';
import type { VolumeFacts } from './facts.ts';
import { findDamage, listTransactions } from './find-damage.ts';

const { existsSync, readdirSync, readFileSync } = process.getBuiltinModule('node:fs');
const { join } = process.getBuiltinModule('node:path');

/**
 * Looks what lies in LiteFS's data folder. Opens no database: LiteFS may be at work in it. A database counts when it
 * has a transaction, since a node that began to receive one has its folder already; LiteFS always keeps the newest
 * (`db.go`, `EnforceRetention`), and gives it its name only once it is whole. Throws what the disk throws.
 */
export function observeVolume(dir: string, restoreDir: string): VolumeFacts {
  const folders = list(join(dir, 'dbs')).map((name) => ({ name, path: join(dir, 'dbs', name) }));
  return {
    dir,
    clusterId: readIfThere(() => readFileSync(join(dir, 'clusterid'), 'utf8'))?.trim(),
    databases: folders
      .filter(({ path }) => listTransactions(path).length > 0)
      .map(({ name }) => name),
    awaitsRestore: ['links.db', startsEmpty].some((name) => existsSync(join(restoreDir, name))),
    damage: folders.map(({ path }) => findDamage(path)).find((each) => each !== undefined),
  };
}

/** Whether LiteFS's data folder has links: at least one transaction of them. */
export function hasLinks(dir: string): boolean {
  return listTransactions(join(dir, 'dbs/links.db')).length > 0;
}

function list(dir: string): string[] {
  return readIfThere(() => readdirSync(dir)) ?? [];
}

function readIfThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
