import { relative } from 'node:path';
import type { Command } from 'commander';
import { migrationsDirs } from '../../app/release.ts';
import type { DatabaseName } from '../../domain/database-name.ts';
import { createMigration } from '../../storage/migrations/create.ts';
import type { Context } from '../context.ts';
import { oneDatabaseOption } from './databases.ts';

/** `hoplite migrate new`: an empty migration with the next number. */
export function addMigrateNew(migrate: Command, { output }: Context): void {
  migrate
    .command('new')
    .description('write an empty migration with the next number')
    .argument('<name>', 'what it does, such as add_note_to_links')
    .addOption(oneDatabaseOption())
    .action((name: string, { database }: { readonly database: DatabaseName }) => {
      const migrationsDir = migrationsDirs[database];
      output.line(relative('', createMigration({ migrationsDir, name })));
    });
}
