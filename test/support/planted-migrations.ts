import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestFolder } from './test-database.ts';

/** Three small migrations: a table with rows, a column with rows filled, a rebuild with a trigger. */
export const plantedMigrations: Readonly<Record<string, string>> = {
  '0001_pets.sql': `-- migrate:up
CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE pets (id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES owners (id) ON DELETE CASCADE) STRICT;
INSERT INTO owners (id, name) VALUES (1, 'Ann; the first');
INSERT INTO pets (id, owner_id) VALUES (1, 1), (2, 1);
-- migrate:down
DROP TABLE pets;
DROP TABLE owners;
`,
  '0002_pet_names.sql': `-- migrate:up
ALTER TABLE pets ADD COLUMN name TEXT;
UPDATE pets SET name = 'pet ' || id;
CREATE INDEX pets_by_name ON pets (name);
-- migrate:down
DROP INDEX pets_by_name;
ALTER TABLE pets DROP COLUMN name;
`,
  '0003_renamed_owners.sql': `-- migrate:up
CREATE TABLE owners_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, greeting TEXT) STRICT;
INSERT INTO owners_new (id, name) SELECT id, name FROM owners;
DROP TABLE owners;
ALTER TABLE owners_new RENAME TO owners;
CREATE TRIGGER greet AFTER INSERT ON owners BEGIN
  UPDATE owners SET greeting = CASE WHEN name = '' THEN 'hello;' ELSE 'hi' END WHERE id = new.id;
END;
-- migrate:down
DROP TRIGGER greet;
ALTER TABLE owners DROP COLUMN greeting;
`,
};

/** Writes migrations, the planted ones unless others are given, into a folder of a test; gives its path. */
export function plantMigrations(
  folder: TestFolder,
  files: Readonly<Record<string, string>> = plantedMigrations,
  name = 'migrations',
): string {
  const path = folder.file(name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}
