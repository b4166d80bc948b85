import { expect, test } from 'vitest';
import { readMigrations } from '../../src/storage/migrations/migration.ts';
import { plantMigrations } from '../support/planted-migrations.ts';
import { linksMigrations, TestFolder } from '../support/test-database.ts';

const up = '-- migrate:up\n';
const down = '-- migrate:down\n';

function read(files: Readonly<Record<string, string>>) {
  using folder = new TestFolder();
  return readMigrations(plantMigrations(folder, files));
}

test('a file is read as two lists of statements with their lines', () => {
  const [migration] = read({
    '0042_a_b.sql': `-- about it\n\n${up}CREATE TABLE a (id INTEGER); -- trailing\n/* two\nlines */ SELECT 1;\n${down}DROP TABLE a\n`,
  });
  expect(migration).toMatchObject({
    number: 42,
    version: '0042',
    file: '0042_a_b.sql',
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(migration?.up.map(({ sql, line }) => [sql, line])).toEqual([
    ['CREATE TABLE a (id INTEGER);', 4],
    ['SELECT 1;', 6],
  ]);
  expect(migration?.down.map(({ sql, line }) => [sql, line])).toEqual([['DROP TABLE a', 8]]);
});

test('line ends of Windows are fine', () => {
  const [migration] = read({ '0001_a.sql': `${up}SELECT 1;\n${down}`.replaceAll('\n', '\r\n') });
  expect(migration?.up.map(({ sql }) => sql)).toEqual(['SELECT 1;']);
});

test.each([
  ['no markers', 'SELECT 1;', 'it needs one line'],
  ['no way back', `${up}SELECT 1;`, 'it needs one line'],
  ['the way back first', `${down}${up}`, 'it needs one line'],
  ['two sections of one kind', `${up}${up}${down}`, 'it needs one line'],
  ['an unknown marker', `${up}${down}-- migrate:sideways\n`, 'it needs one line'],
  ['statements before the first marker', `SELECT 1;\n${up}${down}`, 'before "-- migrate:up"'],
  ['an option', `-- migrate:up transaction:false\n${down}`, 'transaction:false'],
])('a file with %s is refused by name', (_, text, refusal) => {
  expect(() => read({ '0001_a.sql': text })).toThrow(/^0001_a\.sql: /);
  expect(() => read({ '0001_a.sql': text })).toThrow(refusal);
});

test.each(['1_a.sql', '0000_a.sql', '0001-a.sql', '0001_A.sql', '00001_a.sql', 'a.sql'])(
  'the name %s is refused',
  (file) => {
    expect(() => read({ [file]: up + down })).toThrow(
      `${file}: a migration is called NNNN_name.sql, from 0001 on.`,
    );
  },
);

test('two files with one number are refused by name', () => {
  expect(() => read({ '0001_a.sql': up + down, '0001_b.sql': up + down })).toThrow(
    '0001_b.sql: another file has the number 0001 too.',
  );
});

const refused: readonly string[] = [
  'VACUUM;',
  'vacuum into "x.db";',
  'ATTACH DATABASE "x.db" AS x;',
  'DETACH x;',
  'PRAGMA page_size = 8192;',
  'pragma main.page_size(8192);',
  'PRAGMA "page_size" = 8192;',
  'PRAGMA /* quietly */ journal_mode = DELETE;',
  'PRAGMA journal_mode = WAL;',
  'PRAGMA auto_vacuum = FULL;',
  'PRAGMA incremental_vacuum;',
  'PRAGMA locking_mode = EXCLUSIVE;',
  'PRAGMA writable_schema = ON;',
  'PRAGMA mmap_size = 1000000;',
  'PRAGMA foreign_keys = OFF;',
  'BEGIN;',
  'COMMIT;',
  'end transaction;',
  'ROLLBACK;',
  'SAVEPOINT a;',
  'RELEASE a;',
];

test.each(refused)('the statement %s is refused in both directions', (statement) => {
  const table = 'CREATE TABLE a (id INTEGER);\n';
  expect(() => read({ '0001_a.sql': `${up}${table}${statement}\n${down}` })).toThrow(
    /^0001_a\.sql, statement 2 \(line 3\): /,
  );
  expect(() => read({ '0001_a.sql': `${up}${table}${down}${statement}` })).toThrow(
    /^0001_a\.sql, statement 1 \(line 4\): /,
  );
});

test.each([
  'PRAGMA defer_foreign_keys = ON;',
  'CREATE TABLE vacuum_jobs (attach TEXT);',
  `INSERT INTO a VALUES ('; VACUUM;');`,
  '-- VACUUM;\nSELECT 1;',
])('the statement %s is allowed', (statement) => {
  expect(read({ '0001_a.sql': `${up}${statement}\n${down}` })).toHaveLength(1);
});

test('the real migrations can be read', () => {
  expect(readMigrations(linksMigrations).length).toBeGreaterThan(0);
});
