import { createHash, type Hash } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import type { DatabaseFacts } from '../domain/database-facts.ts';

/** Rows are hashed as text of this length, because a call costs more than a row. */
const updateChars = 64 * 1024;

interface Column {
  readonly name: string;
  readonly type: string;
  /** Its place in the primary key, 0 when it is not in it. */
  readonly pk: number;
}

/**
 * Counts and hashes all rows, a table after the other in the order of their names, and the definitions of all tables, indexes,
 * views and triggers. Each row is SQLite's JSON array of its columns, in the order of the primary key, so where a row lies in
 * the file changes nothing. Keeps some rows in memory at a time.
 */
export function hashContent(database: Database): Pick<DatabaseFacts, 'counts' | 'contentHash'> {
  const hash = createHash('sha256');
  const counts: Record<string, number> = {};
  for (const { type, name, table, sql } of readSchema(database)) {
    hash.update(`${JSON.stringify([type, name, table, sql])}\n`);
    if (type === 'table') counts[name] = hashRows(database, name, hash);
  }
  return { counts, contentHash: hash.digest('hex') };
}

function readSchema(database: Database) {
  return database
    .prepare('SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema ORDER BY type, name')
    .all() as { type: string; name: string; table: string; sql: string | null }[];
}

function hashRows(database: Database, table: string, hash: Hash): number {
  const columns = database
    .prepare('SELECT name, type, pk FROM pragma_table_xinfo(?)')
    .all(table) as Column[];
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const order = (key.length > 0 ? key : columns).map(({ name }) => quote(name));
  const rows = database
    .prepare(
      `SELECT json_array(${columns.map(toJsonValue).join(', ')}) FROM ${quote(table)} ORDER BY ${order.join(', ')}`,
    )
    .pluck()
    .iterate() as IterableIterator<string>;
  let count = 0;
  let text = '';
  for (const row of rows) {
    count += 1;
    text += `${row}\n`;
    if (text.length < updateChars) continue;
    hash.update(text);
    text = '';
  }
  hash.update(text);
  return count;
}

/** JSON has no bytes, and SQLite writes a REAL into it with fewer digits than it has. */
function toJsonValue({ name, type }: Column): string {
  const column = quote(name);
  if (type === 'INTEGER' || type === 'TEXT') return column;
  return `CASE typeof(${column})
    WHEN 'blob' THEN json_object('blob', hex(${column}))
    WHEN 'real' THEN json_object('real', format('%!.17g', ${column}))
    ELSE ${column} END`;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
