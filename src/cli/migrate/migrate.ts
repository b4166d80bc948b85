import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addMigrateCheck } from './check.ts';
import { addMigrateDown } from './down.ts';
import { addMigrateNew } from './new.ts';
import { addMigrateStatus } from './status.ts';
import { addMigrateUp } from './up.ts';

/** `hoplite migrate …`: the schemas of links.db and clicks.db. These work on the files, with or without a node running. */
export function addMigrate(program: Command, context: Context): void {
  const migrate = program
    .command('migrate')
    .description('work on the schemas of the database files');
  addMigrateUp(migrate, context);
  addMigrateDown(migrate, context);
  addMigrateStatus(migrate, context);
  addMigrateNew(migrate, context);
  addMigrateCheck(migrate, context);
}
