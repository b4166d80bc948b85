import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';

/** Everything a database says: its schema and all rows, the time and node of the ledger left out. */
export function databaseContent(file: string): Readonly<Record<string, unknown>> {
  if (!existsSync(file)) return {};
  const database = new Database(file, { readonly: true });
  try {
    const schema = database
      .prepare(`SELECT type, name, sql FROM sqlite_schema ORDER BY type, name`)
      .all() as { type: string; name: string; sql: string | null }[];
    const tables = schema.filter(({ type }) => type === 'table').map(({ name }) => name);
    const rows = tables.map((table) => [table, readRows(database, table)]);
    return { schema, ...Object.fromEntries(rows) };
  } finally {
    database.close();
  }
}

function readRows(database: Database.Database, table: string): unknown[] {
  const rows = database.prepare(`SELECT * FROM "${table}"`).all() as Record<string, unknown>[];
  return rows.map(({ applied_at: _time, node: _node, ...row }) => row);
}
