import { writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import { checkSchema } from '../../src/storage/migrations/check.ts';
import { DatabaseTemplate, linksMigrations, TestFolder } from '../support/test-database.ts';

const template = new DatabaseTemplate();
afterAll(() => template[Symbol.dispose]());

/** The differences after `sql` was run on a fresh database. */
function driftAfter(sql: string): string[] {
  using folder = new TestFolder();
  template.copyTo(folder.file());
  const database = new Database(folder.file());
  database.exec(sql);
  database.close();
  return checkSchema({ file: folder.file(), migrationsDir: linksMigrations });
}

test('a migrated database does not drift, whatever it holds', () => {
  expect(driftAfter('INSERT INTO changes (domain_id, slug_key) VALUES (1, 1)')).toEqual([]);
});

test.each([
  ['DROP INDEX links_by_created_at', ['index links_by_created_at is missing']],
  ['DROP TABLE changes', ['table changes is missing']],
  ['CREATE TABLE extra (id INTEGER)', ['table extra is not declared']],
  ['CREATE INDEX extra ON links (title)', ['index extra is not declared']],
  ['CREATE VIEW extra AS SELECT 1', ['view extra is not declared']],
  [
    'CREATE TRIGGER extra AFTER INSERT ON links BEGIN SELECT 1; END',
    ['trigger extra is not declared'],
  ],
  ['ALTER TABLE links ADD COLUMN owner TEXT', ['table links: column owner is not declared']],
  [
    'ALTER TABLE links RENAME COLUMN title TO headline',
    ['table links: column title is missing', 'table links: column headline is not declared'],
  ],
  [
    'DROP TABLE epochs; CREATE TABLE epochs (epoch INTEGER PRIMARY KEY, node INTEGER, started_at INTEGER NOT NULL) STRICT',
    ['table epochs: column node is INTEGER, declared TEXT NOT NULL'],
  ],
  [
    'DROP INDEX links_by_created_at; CREATE INDEX links_by_created_at ON links (created_at)',
    [
      'index links_by_created_at is defined as create index links_by_created_at on links ( created_at ), ' +
        'declared as create index links_by_created_at on links ( domain_id , created_at )',
    ],
  ],
])('drift is said in words: %s', (sql, drift) => {
  expect(driftAfter(sql)).toEqual(drift);
});

test('the way a definition is written is no drift', () => {
  expect(
    driftAfter(`DROP TABLE epochs;
      create table "epochs" (epoch integer primary key, /* who */ [node] text not null,
        started_at integer not null) strict;`),
  ).toEqual([]);
});

test('checking changes nothing, and says when there is no database', () => {
  using folder = new TestFolder();
  expect(checkSchema({ file: folder.file(), migrationsDir: linksMigrations })).toEqual([
    `there is no database at ${folder.file()}`,
  ]);
  expect(() => new Database(folder.file(), { fileMustExist: true })).toThrow();
});

test('an empty database lacks every table', () => {
  using folder = new TestFolder();
  writeFileSync(folder.file(), '');
  const drift = checkSchema({ file: folder.file(), migrationsDir: linksMigrations });
  expect(drift).toContain('table links is missing');
});
