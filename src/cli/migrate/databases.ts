import { Option } from 'commander';
import { migrationsDirs } from '../../app/release.ts';
import type { Config } from '../../config.ts';
import { type DatabaseName, databaseNames } from '../../domain/database-name.ts';
import type { MigrationTarget } from '../../storage/migrations/commands.ts';

/** A database of this node, and what makes it. */
export interface NodeDatabase extends MigrationTarget {
  /** What people call it: `links.db`. */
  readonly title: string;
  readonly journalMode: Config['storage']['journalMode'];
}

/** One of the databases of this node. */
export function databaseOf({ storage }: Config, name: DatabaseName): NodeDatabase {
  const files = { links: storage.linksFile, clicks: storage.clicksFile };
  return {
    title: `${name}.db`,
    file: files[name],
    migrationsDir: migrationsDirs[name],
    journalMode: storage.journalMode,
  };
}

/** The database that was asked for, or all of them. */
export function databasesOf(config: Config, name: DatabaseName | undefined): NodeDatabase[] {
  const names = name === undefined ? databaseNames : [name];
  return names.map((each) => databaseOf(config, each));
}

/** `--database`, for a command that works on both when it is not given. */
export function databaseOption(): Option {
  return new Option('--database <name>', 'only this one of the two databases').choices(
    databaseNames,
  );
}

/** `--database`, for a command that works on one. */
export function oneDatabaseOption(): Option {
  return new Option('--database <name>', 'which of the two databases')
    .choices(databaseNames)
    .default('links');
}
