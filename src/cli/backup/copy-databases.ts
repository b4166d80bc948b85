import type { BackupStore } from '../../backup/backup-store.ts';
import type { CopiedFile } from '../../backup/copied-file.ts';
import { writingInto } from '../../backup/full-disk.ts';
import type { Config } from '../../config.ts';
import { type DatabaseName, databaseNames } from '../../domain/database-name.ts';
import { sizeOfFiles } from '../../storage/file-sizes.ts';
import { Refusal } from '../refusal.ts';
import type { NodeCopier } from './node-copier.ts';

/** Clicks first: links that they belong to are older then, and so in the copy. */
export const both: readonly DatabaseName[] = ['clicks', 'links'];

/** Copies of databases, and what was found in them. */
export type CopiedDatabases = Readonly<{ links: CopiedFile; clicks?: CopiedFile }>;

/**
 * Copies databases of a node into a folder and looks what the copies hold. Rejects with what LiteFS and SQLite have against it,
 * with a `DatabaseFault` for a copy that is not sound, with `NoRoom` when the disk becomes full, and with a `Refusal` on a node
 * without links.
 */
export function copyDatabases(
  { copier }: NodeCopier,
  { inspect }: Pick<BackupStore, 'inspect'>,
  {
    folder,
    databases,
    signal,
  }: {
    readonly folder: string;
    readonly databases: readonly DatabaseName[];
    readonly signal: AbortSignal;
  },
): Promise<CopiedDatabases> {
  return writingInto(folder, async () => {
    const copies = await copier.copyInto(folder, databases, signal);
    const files: Partial<Record<DatabaseName, CopiedFile>> = {};
    for (const name of databaseNames) {
      const copy = copies[name];
      if (copy === undefined) continue;
      const { file, takenAtMs, position = null } = copy;
      files[name] = { file, takenAtMs, position, facts: inspect(file) };
    }
    const { links, ...others } = files;
    if (links === undefined) {
      throw new Refusal('this node has no links yet; start it, and let it join');
    }
    return { links, ...others };
  });
}

/** How large databases of this node are, bytes. */
export function sizeOf({ storage }: Config, databases: readonly DatabaseName[]): number {
  const files = { links: storage.linksFile, clicks: storage.clicksFile };
  return sizeOfFiles(...databases.map((name) => files[name]));
}
