import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { migrateDown, migrateUp, migrationStatus } from '../../src/storage/migrations/commands.ts';
import { createMigration } from '../../src/storage/migrations/create.ts';
import { readMigrations } from '../../src/storage/migrations/migration.ts';
import { applyPending } from '../../src/storage/migrations/run.ts';
import { databaseContent } from '../support/database-content.ts';
import { plantedMigrations, plantMigrations } from '../support/planted-migrations.ts';
import { linksMigrations, TestFolder } from '../support/test-database.ts';

const journalMode = 'delete';
const node = 'ams1';
const names = Object.keys(plantedMigrations);

function target(folder: TestFolder, files = plantedMigrations) {
  const migrationsDir = plantMigrations(folder, files);
  return { file: folder.file(), migrationsDir, journalMode, node } as const;
}

function planted(...wanted: readonly number[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(plantedMigrations).filter(([name]) => wanted.includes(Number(name.slice(0, 4)))),
  );
}

function edit(migrationsDir: string, name: string): void {
  const path = join(migrationsDir, name);
  writeFileSync(path, `${readFileSync(path, 'utf8')}\n-- an afterthought\n`);
}

test('all pending migrations are applied in order, once', () => {
  using folder = new TestFolder();
  const options = target(folder);
  expect(migrateUp(options)).toEqual(names);
  const content = databaseContent(options.file);
  expect(content.pets).toEqual([
    { id: 1, owner_id: 1, name: 'pet 1' },
    { id: 2, owner_id: 1, name: 'pet 2' },
  ]);
  expect(migrateUp(options)).toEqual([]);
  expect(databaseContent(options.file)).toEqual(content);
});

test('the ledger says what was applied, when and by which node', () => {
  using folder = new TestFolder();
  const options = target(folder);
  const before = Date.now();
  migrateUp(options);
  const [first] = migrationStatus(options);
  expect(first).toMatchObject({ file: '0001_pets.sql', state: 'applied', node: 'ams1' });
  expect(first?.appliedAt).toBeGreaterThanOrEqual(before);
  expect(first?.appliedAt).toBeLessThanOrEqual(Date.now());
});

test('a later run applies only what is new', () => {
  using folder = new TestFolder();
  const options = target(folder, planted(1));
  migrateUp(options);
  plantMigrations(folder);
  expect(migrationStatus(options).map(({ state }) => state)).toEqual([
    'applied',
    'pending',
    'pending',
  ]);
  expect(migrateUp({ ...options, node: 'ams2' })).toEqual(names.slice(1));
  expect(migrationStatus(options).map((each) => each.node)).toEqual(['ams1', 'ams2', 'ams2']);
});

test('step by step or all at once gives the same', () => {
  using stepwise = new TestFolder();
  for (const upTo of [1, 2, 3]) {
    migrateUp(target(stepwise, planted(...Array.from({ length: upTo }, (_, index) => index + 1))));
  }
  using atOnce = new TestFolder();
  migrateUp(target(atOnce));
  expect(databaseContent(stepwise.file())).toEqual(databaseContent(atOnce.file()));
});

test.each([
  ['planted', (folder: TestFolder) => target(folder)],
  [
    'real',
    (folder: TestFolder) =>
      ({ file: folder.file(), migrationsDir: linksMigrations, journalMode, node }) as const,
  ],
])('up, down to nothing and up again gives the same: %s migrations', (_, toTarget) => {
  using folder = new TestFolder();
  const options = toTarget(folder);
  const applied = migrateUp(options);
  const { schema } = databaseContent(options.file);
  expect(migrateDown({ ...options, to: 0 })).toEqual(applied.toReversed());
  const left = databaseContent(options.file).schema as { name: string }[];
  expect(left.map(({ name }) => name).filter((name) => !name.startsWith('sqlite_'))).toEqual([
    'schema_migrations',
  ]);
  expect(migrateUp(options)).toEqual(applied);
  expect(databaseContent(options.file).schema).toEqual(schema);
});

test('down takes back the newest one', () => {
  using folder = new TestFolder();
  const options = target(folder);
  migrateUp(options);
  expect(migrateDown(options)).toEqual(['0003_renamed_owners.sql']);
  expect(migrateDown({ ...options, to: 1 })).toEqual(['0002_pet_names.sql']);
  expect(migrateDown(options)).toEqual(['0001_pets.sql']);
  expect(migrateDown(options)).toEqual([]);
});

test('rebuilding a table keeps the rows that refer to it', () => {
  using folder = new TestFolder();
  const options = target(folder);
  migrateUp(options);
  expect(databaseContent(options.file).pets).toHaveLength(2);
});

test('a migration that leaves a broken reference is refused', () => {
  using folder = new TestFolder();
  const options = target(folder, {
    ...planted(1),
    '0002_orphans.sql': '-- migrate:up\nDELETE FROM owners;\n-- migrate:down\n',
  });
  expect(() => migrateUp(options)).toThrow(
    '0002_orphans.sql: after it, rows of pets refer to rows of owners that do not exist.',
  );
  expect(databaseContent(options.file)).toEqual({ schema: [] });
});

test('a failing migration names its file and statement, and nothing takes effect', () => {
  using folder = new TestFolder();
  const options = target(folder, {
    ...planted(1),
    '0002_broken.sql': `-- migrate:up
CREATE TABLE fine (id INTEGER) STRICT;

-- the next one is wrong
CREATE TABLE pets (id INTEGER) STRICT;
-- migrate:down
`,
  });
  expect(() => migrateUp(options)).toThrow(
    expect.objectContaining({
      name: 'MigrationError',
      message:
        '0002_broken.sql, statement 2 (line 5): table pets already exists [CREATE TABLE pets (id INTEGER) STRICT;]',
      place: { file: '0002_broken.sql', statement: expect.objectContaining({ number: 2 }) },
    }),
  );
  expect(databaseContent(options.file)).toEqual({ schema: [] });
});

test('a way back that fails leaves everything', () => {
  using folder = new TestFolder();
  const options = target(folder, {
    ...planted(1),
    '0002_one_way.sql': '-- migrate:up\nDROP TABLE pets;\n-- migrate:down\nDROP TABLE nothing;\n',
  });
  migrateUp(options);
  const content = databaseContent(options.file);
  expect(() => migrateDown({ ...options, to: 0 })).toThrow('0002_one_way.sql, statement 1');
  expect(databaseContent(options.file)).toEqual(content);
});

test('an edited migration is refused by name, in every direction', () => {
  using folder = new TestFolder();
  const options = target(folder);
  migrateUp(options);
  edit(options.migrationsDir, '0002_pet_names.sql');
  const refusal = '0002_pet_names.sql: it was edited after it was applied.';
  expect(() => migrateUp(options)).toThrow(refusal);
  expect(() => migrateDown(options)).toThrow(refusal);
  expect(() => migrationStatus(options)).toThrow(refusal);
});

test('a pending migration may still be edited', () => {
  using folder = new TestFolder();
  const options = target(folder, planted(1));
  migrateUp(options);
  plantMigrations(folder);
  edit(options.migrationsDir, '0002_pet_names.sql');
  expect(migrateUp(options)).toEqual(names.slice(1));
});

test('a missing past migration is refused by name', () => {
  using folder = new TestFolder();
  const options = target(folder);
  migrateUp(options);
  rmSync(join(options.migrationsDir, '0002_pet_names.sql'));
  expect(() => migrateUp(options)).toThrow(
    '0002_pet_names.sql: it was applied to this database and is missing from the folder.',
  );
});

test('a renamed migration with the same content is the same', () => {
  using folder = new TestFolder();
  const options = target(folder);
  migrateUp(options);
  rmSync(join(options.migrationsDir, '0002_pet_names.sql'));
  plantMigrations(folder, { '0002_names.sql': plantedMigrations['0002_pet_names.sql'] as string });
  expect(migrateUp(options)).toEqual([]);
});

test('a migration that comes before an applied one is refused by name', () => {
  using folder = new TestFolder();
  const options = target(folder, planted(1, 3));
  migrateUp(options);
  plantMigrations(folder);
  expect(() => migrateUp(options)).toThrow(
    '0002_pet_names.sql: it was not applied, but 3, which comes after it, was.',
  );
});

test('numbers newer than the code knows are accepted, and left alone', () => {
  using folder = new TestFolder();
  const newer = target(folder);
  migrateUp(newer);
  const older = { ...newer, migrationsDir: plantMigrations(folder, planted(1, 2), 'older') };
  const content = databaseContent(newer.file);
  expect(migrateUp(older)).toEqual([]);
  expect(migrationStatus(older).map(({ file, state }) => [file, state])).toEqual([
    ['0001_pets.sql', 'applied'],
    ['0002_pet_names.sql', 'applied'],
    ['0003_renamed_owners.sql', 'newer'],
  ]);
  expect(() => migrateDown(older)).toThrow(
    '0003_renamed_owners.sql: it was applied by a newer release, which alone can take it back.',
  );
  expect(databaseContent(newer.file)).toEqual(content);
});

test('a runner that waited for another applies nothing twice', () => {
  using folder = new TestFolder();
  const options = target(folder);
  const migrations = readMigrations(options.migrationsDir);
  let first: readonly string[] = [];
  const second = new Database(options.file, {
    verbose: (sql) => {
      // The second has seen that all are pending and is about to take the lock.
      if (sql === 'BEGIN IMMEDIATE' && first.length === 0) first = migrateUp(options);
    },
  });
  const applied = applyPending(second, migrations, { node: 'ams2', now: 1 });
  second.close();
  expect(first).toEqual(names);
  expect(applied).toEqual([]);
  expect(migrationStatus(options).every((each) => each.node === 'ams1')).toBe(true);
});

test('nothing is locked or written when nothing is pending', () => {
  using folder = new TestFolder();
  const options = target(folder);
  migrateUp(options);
  const statements: unknown[] = [];
  const database = new Database(options.file, { verbose: (sql) => statements.push(sql) });
  applyPending(database, readMigrations(options.migrationsDir), { node, now: 1 });
  database.close();
  expect(statements.length).toBeGreaterThan(0);
  expect(statements.filter((sql) => !/^SELECT/.test(String(sql)))).toEqual([]);
});

test('foreign keys are enforced again afterwards, also after a failure', () => {
  using folder = new TestFolder();
  const options = target(folder, { '0001_a.sql': '-- migrate:up\nNONSENSE;\n-- migrate:down\n' });
  const database = new Database(options.file);
  database.pragma('foreign_keys = ON');
  const migrations = readMigrations(options.migrationsDir);
  expect(() => applyPending(database, migrations, { node, now: 1 })).toThrow('0001_a.sql');
  expect(database.pragma('foreign_keys', { simple: true })).toBe(1);
  database.close();
});

test('without a database everything is pending, and none is made', () => {
  using folder = new TestFolder();
  const options = target(folder);
  expect(migrationStatus(options).map(({ state }) => state)).toEqual([
    'pending',
    'pending',
    'pending',
  ]);
  expect(migrateDown(options)).toEqual([]);
  expect(databaseContent(options.file)).toEqual({});
});

test('a new migration has the next number and can be applied as it is', () => {
  using folder = new TestFolder();
  const options = target(folder);
  const path = createMigration({ ...options, name: 'Tags & colours!' });
  expect(path).toBe(join(options.migrationsDir, '0004_tags_colours.sql'));
  expect(migrateUp(options)).toEqual([...names, '0004_tags_colours.sql']);
  expect(migrateDown(options)).toEqual(['0004_tags_colours.sql']);
  expect(() => createMigration({ ...options, name: '…' })).toThrow(
    expect.objectContaining({ name: 'Failure', kind: 'invalid' }),
  );
});
