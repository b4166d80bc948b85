import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { EpochHistory } from '../../src/domain/bookmark.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import { newestMigration } from '../../src/storage/migrations/migration.ts';
import { openReader } from '../../src/storage/reader.ts';
import type { WriterOptions } from '../../src/storage/writer-options.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { ChangeCounterPosition } from '../support/change-counter.ts';
import { positionAt } from '../support/fake-mount.ts';
import { plantMigrations } from '../support/planted-migrations.ts';
import { linksMigrations, TestFolder, writerOptions } from '../support/test-database.ts';

const newest = newestMigration(linksMigrations);

/** Opens and closes a writer; gives what it said when it was open. */
function open(options: WriterOptions) {
  using session = openWriterSession(options);
  return session.opened;
}

/** Creates links by slug, in one session. */
function create(options: WriterOptions, ...slugs: readonly string[]): unknown[] {
  using session = openWriterSession(options);
  return session.commits.run(
    slugs.map((slug) => ({
      name: 'createLink',
      input: { domainId: 1, link: { destination: 'https://example.com/', slug } },
    })),
  ).outcomes as unknown[];
}

function query<T>(folder: TestFolder, sql: string): T[] {
  const database = new Database(folder.file(), { readonly: true });
  const rows = database.prepare(sql).all() as T[];
  database.close();
  return rows;
}

test('a file that is not there is made, migrated and given the default domain', () => {
  using folder = new TestFolder();
  const options = writerOptions(folder, { file: folder.file('new/links.db') });
  const epochTag = expect.stringMatching(/^[0-9a-f]{8}$/);
  expect(open(options)).toEqual({ epoch: 1, epochTag, position: undefined, schemaVersion: newest });
});

test('each opening begins an epoch of its node', () => {
  using folder = new TestFolder();
  expect(open(writerOptions(folder, { node: 'a' })).epoch).toBe(1);
  expect(open(writerOptions(folder, { node: 'b' })).epoch).toBe(2);
  const before = Date.now();
  const last = open(writerOptions(folder, { node: 'a' }));
  expect(last.epoch).toBe(3);
  const rows = query<{ started_at: number }>(folder, 'SELECT * FROM epochs ORDER BY epoch');
  expect(rows).toMatchObject([{ node: 'a' }, { node: 'b' }, { epoch: 3, node: 'a' }]);
  expect(rows[2]?.started_at).toBeGreaterThanOrEqual(before);
  using reader = openReader({ file: folder.file(), timeoutMs: 250 });
  const { newest, tags } = reader.epochs() as EpochHistory;
  expect(newest).toBe(3);
  expect([...tags.keys()]).toEqual([3, 2, 1]);
  expect(tags.get(3)).toBe(last.epochTag);
  expect(new Set(tags.values()).size).toBe(3);
});

test('the pragmas are those a writer on LiteFS needs', () => {
  using folder = new TestFolder();
  open(writerOptions(folder, { journalMode: 'delete' }));
  expect(query(folder, 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }]);
  expect(query(folder, 'PRAGMA auto_vacuum')).toEqual([{ auto_vacuum: 0 }]);
  expect(query(folder, 'PRAGMA page_size')).toEqual([{ page_size: 4096 }]);
});

test('a database goes from DELETE to WAL, but never back', () => {
  using folder = new TestFolder();
  const fleet = writerOptions(folder, { journalMode: 'delete' });
  create(fleet, 'kept');
  open(writerOptions(folder));
  expect(query(folder, 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
  expect(() => open(fleet)).toThrow(
    expect.objectContaining({ kind: 'conflict', message: expect.stringContaining('WAL mode') }),
  );
  expect(query(folder, 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
  expect(query(folder, 'SELECT slug FROM links')).toEqual([{ slug: 'kept' }]);
});

test.each(['links.db', 'clicks.db'])('a file that is no database is named: %s', (name) => {
  using folder = new TestFolder();
  writeFileSync(
    folder.file(name),
    'no database, but long enough to be looked at as one'.repeat(20),
  );
  expect(() => openWriterSession(writerOptions(folder))).toThrow(
    `${folder.file(name)} is not a SQLite database.`,
  );
});

test('a failing migration keeps the writer closed, begins no epoch and leaves no lock', () => {
  using folder = new TestFolder();
  open(writerOptions(folder));
  const migrationsDir = plantMigrations(folder, {
    ...Object.fromEntries(
      readdirSync(linksMigrations)
        .filter((file) => /^\d/.test(file))
        .map((file) => [file, readFileSync(join(linksMigrations, file), 'utf8')]),
    ),
    '9001_twice.sql': '-- migrate:up\nCREATE TABLE links (id INTEGER);\n-- migrate:down\n',
  });
  expect(() => open(writerOptions(folder, { migrationsDir }))).toThrow(
    expect.objectContaining({
      name: 'MigrationError',
      message: expect.stringContaining('9001_twice.sql, statement 1'),
    }),
  );
  expect(query(folder, 'SELECT epoch FROM epochs')).toEqual([{ epoch: 1 }]);
  expect(open(writerOptions(folder)).epoch).toBe(2);
});

describe('on a mount', () => {
  test('the position after the first transaction is known', () => {
    using folder = new TestFolder();
    const options = writerOptions(folder, { journalMode: 'delete' });
    const position = new ChangeCounterPosition(options.file);
    open(options);
    const before = position.commits();
    using session = openWriterSession(options, { links: position, clicks: undefined });
    expect(session.opened.position?.txid).toBe((before + 1).toString(16).padStart(16, '0'));
  });

  test.each([
    ['cannot be read', undefined],
    ['does not advance', positionAt(7)],
  ])('a position that %s keeps the writer closed', (_, stuck) => {
    using folder = new TestFolder();
    const position = { read: () => stuck, [Symbol.dispose]() {} };
    const positions = { links: position, clicks: undefined };
    expect(() => openWriterSession(writerOptions(folder), positions)).toThrow(
      expect.objectContaining({ kind: 'unavailable' }),
    );
  });
});

describe('the default domain', () => {
  const host = 'go.example.com';
  const insensitive = { host, slugCase: 'insensitive' } as const;
  const sensitive = { host, slugCase: 'sensitive' } as const;
  const keys = (folder: TestFolder) =>
    query<{ slug_key: string }>(folder, 'SELECT slug_key FROM links ORDER BY id').map(
      (row) => row.slug_key,
    );

  test('is made with the first epoch, and follows BASE_URL', () => {
    using folder = new TestFolder();
    open(writerOptions(folder));
    expect(query(folder, 'SELECT id, host, slug_case FROM domains')).toEqual([
      { id: 1, host, slug_case: 'insensitive' },
    ]);
    open(writerOptions(folder, { domain: { ...insensitive, host: 'other.example' } }));
    expect(query(folder, 'SELECT host FROM domains')).toEqual([{ host: 'other.example' }]);
  });

  test('re-keys its links when the case of slugs begins to count, and back', () => {
    using folder = new TestFolder();
    create(writerOptions(folder, { domain: insensitive }), 'Sale', 'PLAIN', 'low');
    expect(keys(folder)).toEqual(['sale', 'plain', 'low']);
    open(writerOptions(folder, { domain: sensitive }));
    expect(keys(folder)).toEqual(['Sale', 'PLAIN', 'low']);
    open(writerOptions(folder, { domain: insensitive }));
    expect(keys(folder)).toEqual(['sale', 'plain', 'low']);
  });

  test('leaves keys and changes alone when nothing changes', () => {
    using folder = new TestFolder();
    create(writerOptions(folder), 'Sale');
    open(writerOptions(folder));
    expect(keys(folder)).toEqual(['sale']);
    expect(query(folder, 'SELECT revision FROM changes')).toEqual([{ revision: 1 }]);
  });

  test('refuses to forget the case of slugs that differ by nothing else, and names two', () => {
    using folder = new TestFolder();
    create(writerOptions(folder, { domain: sensitive }), 'z', 'b2', 'Sale', 'sale', 'B2');
    expect(() => open(writerOptions(folder, { domain: insensitive }))).toThrow(
      expect.objectContaining({
        kind: 'conflict',
        message: 'SLUG_CASE cannot become insensitive: "B2" and "b2" would be the same slug.',
      }),
    );
    expect(keys(folder)).toEqual(['z', 'b2', 'Sale', 'sale', 'B2']);
    expect(query(folder, 'SELECT slug_case FROM domains')).toEqual([{ slug_case: 'sensitive' }]);
    expect(query<{ epoch: number }>(folder, 'SELECT max(epoch) AS epoch FROM epochs')).toEqual([
      { epoch: 1 },
    ]);
  });

  test('compares slugs as its case says from the first command on', () => {
    using folder = new TestFolder();
    const taken = expect.objectContaining({ error: expect.objectContaining({ kind: 'conflict' }) });
    const made = { value: expect.objectContaining({ repeated: false }) };
    expect(create(writerOptions(folder, { domain: sensitive }), 'Sale', 'sale')).toEqual([
      made,
      made,
    ]);
    using other = new TestFolder();
    expect(create(writerOptions(other, { domain: insensitive }), 'Sale', 'sale')).toEqual([
      made,
      taken,
    ]);
    const found = query<{ slug_key: SlugKey }>(other, 'SELECT slug_key FROM links');
    expect(found).toEqual([{ slug_key: 'sale' }]);
  });
});
