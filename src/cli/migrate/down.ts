import { type Command, InvalidArgumentError } from 'commander';
import { type Config, readConfig } from '../../config.ts';
import type { DatabaseName } from '../../domain/database-name.ts';
import { migrateDown, migrationStatus } from '../../storage/migrations/commands.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { databaseOf, type NodeDatabase, oneDatabaseOption } from './databases.ts';
import { expectPrimary } from './expect-primary.ts';

interface DownOptions {
  readonly yes?: true;
  readonly fleet?: true;
  readonly to?: number;
  readonly database: DatabaseName;
}

/** `hoplite migrate down`: takes migrations back, and with them what only they could hold. */
export function addMigrateDown(migrate: Command, { env, output }: Context): void {
  migrate
    .command('down')
    .description('take back the newest migration, and the data that only it can hold')
    .option('--to <number>', 'take back all above this number', parseNumber)
    .addOption(oneDatabaseOption())
    .option('--yes', 'needed: what is taken back is lost')
    .option('--fleet', 'needed on a fleet, where other nodes go on with the old schema gone')
    .action(async (options: DownOptions) => {
      const config = readConfig(env);
      const database = databaseOf(config, options.database);
      expectAgreement(config, database, options);
      await expectPrimary(config);
      const undone = migrateDown({ ...database, to: options.to });
      if (undone.length === 0) output.line(`nothing to take back from ${database.title}`);
      for (const file of undone) output.line(`took back ${file} from ${database.title}`);
    });
}

function expectAgreement(
  config: Config,
  database: NodeDatabase,
  { yes, fleet, to }: DownOptions,
): void {
  if (config.fleet !== undefined && !fleet) {
    throw new Refusal(
      'this node belongs to a fleet (LITEFS_DIR is set), whose other nodes need the schema as it is; if you mean it, add --fleet',
    );
  }
  if (yes) return;
  const files = migrationStatus(database)
    .filter(({ state }) => state === 'applied')
    .map(({ file }) => file);
  const undone = to === undefined ? files.slice(-1) : files.filter((file) => numberOf(file) > to);
  throw new Refusal(
    `this takes back ${undone.join(', ') || 'nothing'} from ${database.title}, with all data that only it can hold; if you mean it, add --yes`,
  );
}

function numberOf(file: string): number {
  return Number.parseInt(file, 10);
}

function parseNumber(text: string): number {
  if (!/^\d{1,4}$/.test(text)) {
    throw new InvalidArgumentError('It is the number of a migration, such as 3, or 0 for none.');
  }
  return Number(text);
}
