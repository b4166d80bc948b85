import { existsSync } from 'node:fs';
import type { Config } from '../../../config.ts';
import type { DatabaseName } from '../../../domain/database-name.ts';
import { checkSchema } from '../../../storage/migrations/check.ts';
import { type MigrationState, migrationStatus } from '../../../storage/migrations/commands.ts';
import { describeError } from '../../describe-error.ts';
import { databaseOf } from '../../migrate/databases.ts';

/** How a database stands to this release's migrations and its declared schema. */
export type SchemaFacts =
  | { readonly is: 'absent'; readonly file: string }
  | { readonly is: 'unreadable'; readonly why: string }
  | {
      readonly is: 'read';
      readonly migrations: readonly MigrationState[];
      /** Differences in words. Means something only when all migrations are applied and none is newer. */
      readonly drift: readonly string[];
    };

/** Reads the schema of this node's copy. */
export function observeSchema(config: Config, name: DatabaseName): SchemaFacts {
  const database = databaseOf(config, name);
  if (!existsSync(database.file)) return { is: 'absent', file: database.file };
  try {
    return {
      is: 'read',
      migrations: migrationStatus(database),
      drift: checkSchema(database),
    };
  } catch (error) {
    return { is: 'unreadable', why: describeError(error) };
  }
}
