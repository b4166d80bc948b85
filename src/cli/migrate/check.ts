import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import type { DatabaseName } from '../../domain/database-name.ts';
import { checkSchema } from '../../storage/migrations/check.ts';
import type { Context } from '../context.ts';
import { databaseOption, databasesOf } from './databases.ts';

/** `hoplite migrate check`: whether this node's databases have the declared schemas. */
export function addMigrateCheck(migrate: Command, { env, output, fail }: Context): void {
  migrate
    .command('check')
    .description("compare this node's databases with schema.sql, which declares the schema")
    .addOption(databaseOption())
    .action(({ database: name }: { readonly database?: DatabaseName }) => {
      for (const database of databasesOf(readConfig(env), name)) {
        const drift = checkSchema(database);
        for (const difference of drift) output.line(`${database.title}: ${difference}`);
        if (drift.length > 0) fail();
        else output.line(`${database.file} has the declared schema`);
      }
    });
}
