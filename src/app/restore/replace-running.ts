import { importIntoLiteFs } from '../../cluster/litefs-import.ts';
import type { Config } from '../../config.ts';
import type { DatabaseName } from '../../domain/database-name.ts';
import { replaceDatabase } from '../../storage/replace-database.ts';
import { findFaultOfHeader } from '../../storage/sound-file.ts';

/**
 * The way in which a file takes the place of a database of this node, which runs: whole or not at all. In a fleet LiteFS
 * imports it. Rejects with what went wrong.
 */
export function createReplace({
  storage,
  fleet,
}: Pick<Config, 'storage' | 'fleet'>): (database: DatabaseName, file: string) => Promise<void> {
  const files = { links: storage.linksFile, clicks: storage.clicksFile };
  return async (database, file) => {
    if (fleet === undefined) return replaceDatabase({ from: file, to: files[database] });
    // LiteFS would take a file in WAL mode, and the mount would lose commits from then on.
    const fault = findFaultOfHeader(file);
    if (fault !== undefined) throw new Error(fault);
    const refusal = await importIntoLiteFs(fleet.litefsUrl, `${database}.db`, file);
    if (refusal !== undefined) {
      throw new Error(`LiteFS did not import ${database}.db: ${refusal}`);
    }
  };
}
