import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { resolveBinary } from 'dbmate';
import { expect, test } from 'vitest';
import { checkSchema } from '../../src/storage/migrations/check.ts';
import { migrateDown, migrateUp, migrationStatus } from '../../src/storage/migrations/commands.ts';
import { databaseContent } from '../support/database-content.ts';
import { plantedMigrations, plantMigrations } from '../support/planted-migrations.ts';
import { linksMigrations, TestFolder } from '../support/test-database.ts';

const journalMode = 'delete';
const node = 'test';

function dbmate(file: string, migrationsDir: string, ...command: readonly string[]): string {
  const result = spawnSync(
    resolveBinary(),
    ['--url', `sqlite:${file}`, '--migrations-dir', migrationsDir, '--no-dump-schema', ...command],
    { encoding: 'utf8' },
  );
  expect(result.stderr + result.stdout).not.toMatch(/error/i);
  expect(result.status).toBe(0);
  return result.stdout;
}

test('dbmate reads a database that Hoplite migrated, takes it down and up again', () => {
  using folder = new TestFolder();
  const options = {
    file: folder.file(),
    migrationsDir: linksMigrations,
    journalMode,
    node,
  } as const;
  const applied = migrateUp(options);
  const copy = folder.file('copy.db');
  copyFileSync(options.file, copy);
  expect(dbmate(copy, linksMigrations, 'status')).toContain(
    `Applied: ${applied.length}\nPending: 0`,
  );
  dbmate(copy, linksMigrations, 'rollback');
  expect(dbmate(copy, linksMigrations, 'status')).toContain('Pending: 1');
  dbmate(copy, linksMigrations, 'up');
  expect(checkSchema({ file: copy, migrationsDir: linksMigrations })).toEqual([]);
});

test('Hoplite goes on with a database that dbmate migrated, and guards its files from then on', () => {
  using folder = new TestFolder();
  const migrationsDir = plantMigrations(folder);
  const options = { file: folder.file(), migrationsDir, journalMode, node } as const;
  dbmate(options.file, migrationsDir, 'up');
  expect(migrationStatus(options).map(({ state }) => state)).toEqual([
    'applied',
    'applied',
    'applied',
  ]);
  expect(migrateUp(options)).toEqual([]);
  plantMigrations(folder, {
    '0001_pets.sql': `${plantedMigrations['0001_pets.sql']}\n-- edited`,
    '0004_more.sql':
      '-- migrate:up\nCREATE TABLE more (id INTEGER);\n-- migrate:down\nDROP TABLE more;',
  });
  expect(() => migrateUp(options)).toThrow('0001_pets.sql: it was edited after it was applied.');
  plantMigrations(folder, { '0001_pets.sql': plantedMigrations['0001_pets.sql'] ?? '' });
  expect(migrateUp(options)).toEqual(['0004_more.sql']);
  expect(dbmate(options.file, migrationsDir, 'status')).toContain('Pending: 0');
  expect(migrateDown({ ...options, to: 0 })).toHaveLength(4);
  expect(databaseContent(options.file).schema_migrations).toEqual([]);
});

test('dbmate and Hoplite make the same of nothing', () => {
  using folder = new TestFolder();
  migrateUp({ file: folder.file(), migrationsDir: linksMigrations, journalMode, node });
  dbmate(folder.file('other.db'), linksMigrations, 'up');
  const schemaOf = (file: string) =>
    (databaseContent(file).schema as { name: string }[]).filter(
      ({ name }) => !name.includes('schema_migrations'),
    );
  expect(schemaOf(folder.file('other.db'))).toEqual(schemaOf(folder.file()));
});
