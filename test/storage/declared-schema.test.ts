import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { migrateUp } from '../../src/storage/migrations/commands.ts';
import { ledgerTable } from '../../src/storage/migrations/ledger.ts';
import { clicksMigrations, linksMigrations, TestFolder } from '../support/test-database.ts';

const header = `-- What the migrations of this folder make, without their ledger: the schema that "hoplite migrate check"
-- and a test compare a database with. Written by: npx vitest run test/storage/declared-schema.test.ts -u
`;

describe.each([
  ['links.db', linksMigrations],
  ['clicks.db', clicksMigrations],
])('of %s', (_, migrationsDir) => {
  test('schema.sql is what all migrations make of nothing', async () => {
    using folder = new TestFolder();
    const file = folder.file();
    migrateUp({ file, migrationsDir, journalMode: 'delete', node: 'test' });
    await expect(dump(file)).toMatchFileSnapshot(join(migrationsDir, 'schema.sql'));
  });

  test('every table is STRICT', () => {
    using folder = new TestFolder();
    const file = folder.file();
    migrateUp({ file, migrationsDir, journalMode: 'delete', node: 'test' });
    const database = new Database(file, { readonly: true });
    const tables = database
      .prepare(`SELECT name, strict FROM pragma_table_list WHERE name NOT LIKE 'sqlite%'`)
      .all() as { name: string; strict: number }[];
    database.close();
    expect(tables.length).toBeGreaterThan(5);
    expect(tables.filter(({ strict }) => strict === 0)).toEqual([]);
  });
});

function dump(file: string): string {
  const database = new Database(file, { readonly: true });
  const definitions = database
    .prepare(
      `SELECT sql FROM sqlite_schema
       WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' AND tbl_name <> ? ORDER BY rowid`,
    )
    .pluck()
    .all(ledgerTable) as string[];
  database.close();
  return `${header}\n${definitions.map((sql) => `${sql};\n`).join('\n')}`;
}
