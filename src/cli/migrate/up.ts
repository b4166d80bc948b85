import type { Command } from 'commander';
import { type Config, readConfig } from '../../config.ts';
import { migrateUp } from '../../storage/migrations/commands.ts';
import type { Context } from '../context.ts';
import { expectMount, expectPrimary, learnOwnRole } from './expect-primary.ts';
import { linksDatabase } from './links-database.ts';
import { migrateUpOnPrimary } from './up-on-primary.ts';

/** `hoplite migrate up`: applies all pending migrations, in one transaction. */
export function addMigrateUp(migrate: Command, { env, output }: Context): void {
  migrate
    .command('up')
    .description('apply all pending migrations')
    .option('--on-primary', 'do nothing, and succeed, on a node that is not primary within 5 s')
    .action(async ({ onPrimary }: { readonly onPrimary?: true }) => {
      const config = readConfig(env);
      const up = () => applyPending(config);
      if (onPrimary) {
        const result = await migrateUpOnPrimary({
          learnRole: () => learnOwnRole(config),
          expectMount: () => expectMount(config),
          up,
        });
        output.line(result);
        return;
      }
      await expectPrimary(config);
      output.line(up());
    });
}

/** Applies what is pending and says what that was. */
function applyPending(config: Config): string {
  const database = linksDatabase(config);
  const applied = migrateUp({ ...database, node: config.node.id });
  return applied.length === 0
    ? `${database.file} is up to date`
    : applied.map((file) => `applied ${file}`).join('\n');
}
