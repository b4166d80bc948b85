import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { MigrationTarget } from './commands.ts';
import { ledgerTable } from './ledger.ts';
import { schemaFile } from './migration.ts';
import { isMeaningful, toTokens } from './sql-tokens.ts';

/** A table, index, trigger or view. */
interface SchemaObject {
  readonly type: string;
  readonly name: string;
  /** Its definition, comparable: one space between tokens, no comments, no needless quotes. */
  readonly definition: string;
  /** For a table: what each column is, by name. */
  readonly columns: ReadonlyMap<string, string>;
}

/**
 * Compares a database with the declared schema, `schema.sql` of the folder, and says each difference
 * in words; none when they are equal. The ledger does not count. Changes nothing.
 */
export function checkSchema({ file, migrationsDir }: MigrationTarget): string[] {
  if (!existsSync(file)) return [`there is no database at ${file}`];
  const declaring = new Database(':memory:');
  const database = new Database(file, { readonly: true });
  try {
    declaring.exec(readFileSync(join(migrationsDir, schemaFile), 'utf8'));
    return compare(readObjects(database), readObjects(declaring));
  } finally {
    database.close();
    declaring.close();
  }
}

function compare(
  found: ReadonlyMap<string, SchemaObject>,
  declared: ReadonlyMap<string, SchemaObject>,
): string[] {
  const drift: string[] = [];
  for (const [key, object] of declared) {
    const other = found.get(key);
    if (other === undefined) drift.push(`${key} is missing`);
    else if (other.definition !== object.definition)
      drift.push(...compareObject(key, other, object));
  }
  for (const key of found.keys()) {
    if (!declared.has(key)) drift.push(`${key} is not declared`);
  }
  return drift;
}

function compareObject(key: string, found: SchemaObject, declared: SchemaObject): string[] {
  const drift: string[] = [];
  for (const [name, column] of declared.columns) {
    const other = found.columns.get(name);
    if (other === undefined) drift.push(`${key}: column ${name} is missing`);
    else if (other !== column) drift.push(`${key}: column ${name} is ${other}, declared ${column}`);
  }
  for (const name of found.columns.keys()) {
    if (!declared.columns.has(name)) drift.push(`${key}: column ${name} is not declared`);
  }
  if (drift.length > 0) return drift;
  return [`${key} is defined as ${found.definition}, declared as ${declared.definition}`];
}

function readObjects(database: Database.Database): Map<string, SchemaObject> {
  const rows = database
    .prepare(
      `SELECT type, name, sql FROM sqlite_schema
       WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> ?
       ORDER BY rowid`,
    )
    .all(ledgerTable) as { type: string; name: string; sql: string }[];
  return new Map(
    rows.map(({ type, name, sql }) => [
      `${type} ${name}`,
      {
        type,
        name,
        definition: toComparable(sql),
        columns: type === 'table' ? readColumns(database, name) : new Map(),
      },
    ]),
  );
}

/** SQLite keeps a definition as it was written, and rewrites parts of it when a table is altered. */
function toComparable(sql: string): string {
  return [...toTokens(sql)]
    .filter(isMeaningful)
    .map(({ kind, text }) => {
      if (kind === 'string') return text;
      return text.toLowerCase().replace(/^["`[]([a-z_][a-z0-9_]*)["`\]]$/, '$1');
    })
    .join(' ');
}

function readColumns(database: Database.Database, table: string): Map<string, string> {
  const columns = database.prepare('SELECT * FROM pragma_table_xinfo(?)').all(table) as {
    name: string;
    type: string;
    notnull: number;
    dflt_value: string | null;
    pk: number;
  }[];
  return new Map(
    columns.map(({ name, type, notnull, dflt_value, pk }) => [
      name,
      [
        type,
        ...(notnull === 1 ? ['NOT NULL'] : []),
        ...(dflt_value === null ? [] : [`DEFAULT ${dflt_value}`]),
        ...(pk === 0 ? [] : [`PRIMARY KEY (${pk})`]),
      ].join(' '),
    ]),
  );
}
