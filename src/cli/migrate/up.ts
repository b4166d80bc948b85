import type { Command } from 'commander';
import { type Config, readConfig } from '../../config.ts';
import type { DatabaseName } from '../../domain/database-name.ts';
import { restoreDirOf } from '../../guard/bootstrap/settings.ts';
import { migrateUp } from '../../storage/migrations/commands.ts';
import type { Context } from '../context.ts';
import { importRestore } from '../rebuild/import-restore.ts';
import { databaseOption, databasesOf, type NodeDatabase } from './databases.ts';
import { expectMount, expectPrimary, learnOwnRole } from './expect-primary.ts';
import { tellProgressDuring } from './tell-progress.ts';
import { migrateUpOnPrimary } from './up-on-primary.ts';

interface UpOptions {
  readonly onPrimary?: true;
  readonly database?: DatabaseName;
}

/** `hoplite migrate up`: applies all pending migrations, in one transaction for each database. */
export function addMigrateUp(migrate: Command, { env, output }: Context): void {
  migrate
    .command('up')
    .description('apply all pending migrations')
    .addOption(databaseOption())
    .option('--on-primary', 'do nothing, and succeed, on a node that is not primary within 5 s')
    .action(async ({ onPrimary, database: name }: UpOptions) => {
      const config = readConfig(env);
      const ups = databasesOf(config, name).map((database) => () => applyPending(config, database));
      if (!onPrimary) {
        await expectPrimary(config);
        for (const up of ups) output.line(up());
        return;
      }
      const imported = await importWaiting(config, output.line);
      if (imported !== undefined) output.line(imported);
      const lines = await migrateUpOnPrimary({
        learnRole: () => tellProgressDuring(config, () => learnOwnRole(config)),
        expectMount: () => expectMount(config),
        ups,
      });
      for (const line of lines) output.line(line);
    });
}

/** Applies what is pending and says what that was. */
function applyPending({ node }: Config, database: NodeDatabase): string {
  const applied = migrateUp({ ...database, node: node.id });
  return applied.length === 0
    ? `${database.file} is up to date`
    : applied.map((file) => `applied ${file} to ${database.title}`).join('\n');
}

/** What "hoplite rebuild" has put ready becomes the databases before anything else may make them. */
async function importWaiting(
  { fleet, storage }: Config,
  say: (line: string) => void,
): Promise<string | undefined> {
  if (fleet === undefined) return undefined;
  const { litefsDir, litefsUrl } = fleet;
  return importRestore({ restoreDir: restoreDirOf(storage.dataDir), litefsDir, litefsUrl }, say);
}
