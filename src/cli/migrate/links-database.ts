import { join } from 'node:path';
import type { Config } from '../../config.ts';
import type { MigrationTarget } from '../../storage/migrations/commands.ts';

/** The migrations of links.db that came with this program. */
export const migrationsDir = join(import.meta.dirname, '../../../migrations/links');

/** The database of this node, and what makes it. */
export function linksDatabase({
  storage,
}: Config): MigrationTarget & Pick<Config['storage'], 'journalMode'> {
  return { file: storage.linksFile, migrationsDir, journalMode: storage.journalMode };
}
