import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FailedMigrations } from '../../src/storage/migrations/failed-migrations.ts';
import { plantedMigrations, plantMigrations } from '../support/planted-migrations.ts';
import { TestFolder } from '../support/test-database.ts';

let folder: TestFolder;
let migrations: string;
beforeEach(() => {
  folder = new TestFolder();
  migrations = plantMigrations(folder);
});
afterEach(() => folder[Symbol.dispose]());

/** As a process does that starts. */
const start = () => new FailedMigrations(folder.file('failed-migrations'), [migrations]);

test('migrations have not failed before they have', () => {
  expect(start().haveFailed()).toBe(false);
  start().noteSuccess();
  expect(start().haveFailed()).toBe(false);
});

test('that they have failed is known after a restart, until they succeed', () => {
  start().noteFailure();
  expect(start().haveFailed()).toBe(true);
  start().noteSuccess();
  expect(start().haveFailed()).toBe(false);
});

test.each([
  ['one is mended', '0003_renamed_owners.sql', `${plantedMigrations['0003_renamed_owners.sql']}\n`],
  ['one is new', '0004_more.sql', '-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n'],
])('other migrations have not failed: %s', (_, file, text) => {
  start().noteFailure();
  writeFileSync(join(migrations, file), text);
  expect(start().haveFailed()).toBe(false);
});
