import { hash } from 'node:crypto';
import Database from 'better-sqlite3';
import { type DatabaseFacts, DatabaseFault } from '../domain/database-facts.ts';
import { hashContent } from './content-hash.ts';
import { readLedger } from './migrations/ledger.ts';
import { findDamage, findFaultOfHeader } from './sound-file.ts';
import { isFileError } from './sqlite-error.ts';

/** Every index is compared with its table, in the order of the table: all of one in memory saves reading it over and over. */
const cacheKiB = 64 * 1024;

/**
 * Reads all of a database file and says what it holds: SQLite's own check, rows by table, a hash over all of them, newest
 * migration, epoch. For files outside of any mount, which nobody writes to; blocks,
 * a second or more for a million links, so it is for a program of its own.
 *
 * Throws `DatabaseFault` for a file that is damaged, in WAL mode or none of Hoplite's, and SQLite's error where this machine cannot
 * read it. The schema may be of any release.
 */
export function inspectDatabase(file: string): DatabaseFacts {
  const fault = findFaultOfHeader(file);
  if (fault !== undefined) throw new DatabaseFault(fault);
  const database = new Database(file, { readonly: true });
  try {
    database.pragma(`cache_size = -${cacheKiB}`);
    database.pragma('trusted_schema = OFF');
    return readFacts(database);
  } catch (error) {
    if (isFileError(error)) {
      throw new DatabaseFault(`it cannot be read: ${(error as Error).message}`, { cause: error });
    }
    throw error;
  } finally {
    database.close();
  }
}

function readFacts(database: Database.Database): DatabaseFacts {
  const damage = findDamage(database);
  if (damage !== undefined) throw new DatabaseFault(damage);
  const newest = readLedger(database).at(-1);
  if (newest === undefined) {
    throw new DatabaseFault('it is no database of Hoplite: it has no migrations');
  }
  const { counts, contentHash } = hashContent(database);
  const epoch = 'epochs' in counts ? readEpoch(database) : null;
  const origin = 'epochs' in counts ? readOrigin(database) : null;
  return { schema: newest.file ?? newest.version, epoch, origin, counts, contentHash };
}

function readEpoch(database: Database.Database): number {
  return database.prepare('SELECT coalesce(max(epoch), 0) FROM epochs').pluck().get() as number;
}

function readOrigin(database: Database.Database): string | null {
  const first = database
    .prepare('SELECT epoch, node, started_at FROM epochs ORDER BY epoch LIMIT 1')
    .raw()
    .get();
  return first === undefined ? null : hash('sha256', JSON.stringify(first)).slice(0, 16);
}
