import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import type { DatabaseName } from '../../domain/database-name.ts';
import { type MigrationState, migrationStatus } from '../../storage/migrations/commands.ts';
import type { Context } from '../context.ts';
import { alignRows } from '../table.ts';
import { toSecond } from '../time.ts';
import { databaseOption, databasesOf } from './databases.ts';

/** `hoplite migrate status`: every migration, and whether this node's copies have it. */
export function addMigrateStatus(migrate: Command, { env, output }: Context): void {
  migrate
    .command('status')
    .description("list all migrations and whether this node's databases have them")
    .addOption(databaseOption())
    .action(({ database: name }: { readonly database?: DatabaseName }) => {
      const rows = databasesOf(readConfig(env), name).flatMap((database) =>
        migrationStatus(database).map((state) => [
          state.state,
          database.title,
          state.file,
          describeOrigin(state),
        ]),
      );
      for (const line of alignRows(rows)) output.line(line);
    });
}

function describeOrigin({ state, appliedAt, node }: MigrationState): string {
  if (state === 'pending') return '';
  if (appliedAt === null) return 'by another tool';
  return `${toSecond(new Date(appliedAt).toISOString())} on ${node}`;
}
