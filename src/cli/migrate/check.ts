import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { checkSchema } from '../../storage/migrations/check.ts';
import type { Context } from '../context.ts';
import { linksDatabase } from './links-database.ts';

/** `hoplite migrate check`: whether this node's database has the declared schema. */
export function addMigrateCheck(migrate: Command, { env, output, fail }: Context): void {
  migrate
    .command('check')
    .description("compare this node's database with schema.sql, which declares the schema")
    .action(() => {
      const database = linksDatabase(readConfig(env));
      const drift = checkSchema(database);
      for (const difference of drift) output.line(difference);
      if (drift.length > 0) fail();
      else output.line(`${database.file} has the declared schema`);
    });
}
