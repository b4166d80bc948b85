import { randomInt } from 'node:crypto';
import type { Database } from 'better-sqlite3';

/**
 * Gives a database that LiteFS has imported a schema cookie of its own.
 *
 * A connection goes by what it knows of where tables lie as long as the cookie is the same. LiteFS sets it to 0 in each
 * import (docs/facts.md, "An import has the cookie 0"), so a second import would have a connection that has seen the first
 * read the new file by the map of the old one. No database that SQLite has made a table in has the cookie 0.
 */
export function renewSchemaCookie(database: Database): void {
  if (database.pragma('schema_version', { simple: true }) !== 0) return;
  const hasTables = database.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined;
  if (!hasTables) return;
  // It is kept from whoever has not said that he knows what he does.
  database.unsafeMode(true);
  try {
    database.pragma(`schema_version = ${randomInt(1, 2 ** 31 - 1)}`);
  } finally {
    database.unsafeMode(false);
  }
}
