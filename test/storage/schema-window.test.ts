import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SlugKey } from '../../src/domain/slug.ts';
import { migrateUp } from '../../src/storage/migrations/commands.ts';
import { newestMigration } from '../../src/storage/migrations/migration.ts';
import { openReader } from '../../src/storage/reader.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { plantMigrations } from '../support/planted-migrations.ts';
import { linksMigrations, TestFolder, writerOptions } from '../support/test-database.ts';

const newest = newestMigration(linksMigrations);
const sale = { domainId: 1, slugKey: 'sale' as SlugKey };

/** The real migrations up to a number, by file. */
function migrationsUpTo(number: number): Record<string, string> {
  const files = readdirSync(linksMigrations).filter((file) => Number(file.slice(0, 4)) <= number);
  return Object.fromEntries(
    files.map((file) => [file, readFileSync(join(linksMigrations, file), 'utf8')]),
  );
}

/** What the next release may do before this one is gone: new tables, columns and indexes. */
const nextRelease = `-- migrate:up
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
ALTER TABLE links ADD COLUMN tag_id INTEGER REFERENCES tags (id);
ALTER TABLE domains ADD COLUMN not_found_url TEXT;
ALTER TABLE changes ADD COLUMN why TEXT;
ALTER TABLE epochs ADD COLUMN region TEXT;
ALTER TABLE api_keys ADD COLUMN scope TEXT;
CREATE INDEX links_by_tag ON links (tag_id);
-- migrate:down
`;

test.each([newest - 1, newest].filter((number) => number > 0))(
  'this release redirects on schema %d',
  (number) => {
    using folder = new TestFolder();
    const migrationsDir = plantMigrations(folder, migrationsUpTo(number));
    migrateUp({ ...writerOptions(folder), migrationsDir });
    using reader = openReader({ file: folder.file(), timeoutMs: 250 });
    expect(reader.redirects.read(0, [sale])).toMatchObject({ changed: [], links: [undefined] });
  },
);

test('this release reads and writes on the schema of the next one, with handles opened before', async () => {
  using folder = new TestFolder();
  const options = writerOptions(folder, { journalMode: 'delete' });
  using session = openWriterSession(options);
  using reader = openReader({ file: folder.file(), timeoutMs: 250 });
  const create = (slug: string) =>
    session.commits.run([
      {
        name: 'createLink',
        input: { domainId: 1, link: { destination: 'https://example.com/', slug } },
      },
    ]).outcomes[0];
  expect(create('before')).toHaveProperty('value');
  expect(reader.redirects.read(0, [sale])).toMatchObject({ links: [undefined] });

  const number = String(newest + 1).padStart(4, '0');
  const migrationsDir = plantMigrations(folder, {
    ...migrationsUpTo(newest),
    [`${number}_next.sql`]: nextRelease,
  });
  migrateUp({ ...options, migrationsDir });

  expect(create('sale')).toHaveProperty('value');
  expect(reader.redirects.read(0, [sale])).toMatchObject({ links: [{ slugKey: 'sale' }] });
  expect(await reader.schemaVersion()).toBe(newest + 1);
  const list = await reader.links.listLinks({ domainId: 1, sort: 'slug', limit: 10 });
  expect(list.links.map(({ slug }) => slug)).toEqual(['before', 'sale']);
  expect(await reader.keys.listKeys()).toEqual([]);
  using restarted = openWriterSession({ ...options, file: folder.file() });
  expect(restarted.opened).toMatchObject({ epoch: 2, schemaVersion: newest + 1 });
});
