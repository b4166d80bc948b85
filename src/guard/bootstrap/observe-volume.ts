import type { VolumeFacts } from './facts.ts';

const { existsSync, readdirSync, readFileSync } = process.getBuiltinModule('node:fs');
const { join } = process.getBuiltinModule('node:path');

/**
 * Looks what lies in LiteFS's data folder. Opens no database: LiteFS may be at work in it. A database counts when it
 * has a transaction, since a node that began to receive one has its folder already; LiteFS always keeps the newest
 * (`db.go`, `EnforceRetention`), and gives it its name only once it is whole. Throws what the disk throws.
 */
export function observeVolume(dir: string, restoreDir: string): VolumeFacts {
  return {
    dir,
    clusterId: readIfThere(() => readFileSync(join(dir, 'clusterid'), 'utf8'))?.trim(),
    databases: list(join(dir, 'dbs')).filter((name) => hasTransaction(dir, name)),
    awaitsRestore: existsSync(restoreDir),
  };
}

/** Whether LiteFS's data folder has links: at least one transaction of them. */
export function hasLinks(dir: string): boolean {
  return hasTransaction(dir, 'links.db');
}

const ltxName = /^[0-9a-f]{16}-[0-9a-f]{16}\.ltx$/;

function hasTransaction(dir: string, database: string): boolean {
  return list(join(dir, 'dbs', database, 'ltx')).some((file) => ltxName.test(file));
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
