import Database from 'better-sqlite3';
import { Connection } from './connection.ts';
import { findEpoch } from './find-epoch.ts';
import { checkSchema } from './migrations/check.ts';
import type { MigrationTarget } from './migrations/commands.ts';
import { readLedger } from './migrations/ledger.ts';
import { readMigrations } from './migrations/migration.ts';
import { MigrationError } from './migrations/migration-error.ts';
import { planMigrations } from './migrations/plan.ts';
import { findDamage, findFaultOfHeader } from './sound-file.ts';
import { isFileError } from './sqlite-error.ts';

/**
 * Says in words why a file must not become a database of a fleet, and `undefined` when it may: it has to be a whole and
 * sound SQLite database in DELETE mode, with a schema that this release knows. Changes nothing. For files outside of any
 * mount, which nobody writes to. Throws SQLite's error where this machine cannot read it.
 */
export function findFaultOfFile({ file, migrationsDir }: MigrationTarget): string | undefined {
  const fault = findFaultOfHeader(file);
  if (fault !== undefined) return fault;
  const database = new Database(file, { readonly: true });
  try {
    return findDamage(database) ?? findStrangeSchema(database, { file, migrationsDir });
  } catch (error) {
    if (error instanceof MigrationError || isFileError(error)) return (error as Error).message;
    throw error;
  } finally {
    database.close();
  }
}

function findStrangeSchema(
  database: Database.Database,
  { file, migrationsDir }: MigrationTarget,
): string | undefined {
  const ledger = readLedger(database);
  if (ledger.length === 0) return 'it is no database of Hoplite: it has no migrations';
  const { pending, newer } = planMigrations(ledger, readMigrations(migrationsDir));
  if (newer.length > 0) {
    return `it was made by a newer release: it has ${newer[0]?.file ?? newer[0]?.version}`;
  }
  // One that is behind is migrated before it is used; what it should be until then is not declared.
  if (pending.length > 0) return undefined;
  const [drift] = checkSchema({ file, migrationsDir });
  return drift === undefined ? undefined : `it has not the declared schema: ${drift}`;
}

/** How much a file of links holds, for people. */
export function countLinks(file: string): { readonly links: number; readonly epoch: number } {
  using connection = new Connection(new Database(file, { readonly: true }));
  return {
    links: Number(connection.value('SELECT count(*) FROM links')),
    epoch: connection.get(findEpoch, {})?.epoch ?? 0,
  };
}

/**
 * Lets the epochs of a file of links go on from `epoch` at least, so that the next primary begins one that no node has
 * seen: what is restored comes after what was lost, in bookmarks and in the mark that Consul has.
 */
export function liftEpoch(file: string, epoch: number, node: string): void {
  using connection = new Connection(new Database(file));
  if ((connection.get(findEpoch, {})?.epoch ?? 0) >= epoch) return;
  connection.database
    .prepare('INSERT INTO epochs (epoch, node, started_at) VALUES (?, ?, ?)')
    .run(epoch, node, Date.now());
}
