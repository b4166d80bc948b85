import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SlugKey } from '../../src/domain/slug.ts';
import { createApiKeyWriteStore } from '../../src/storage/api-key-write-store.ts';
import { Connection } from '../../src/storage/connection.ts';
import { createLinkWriteStore } from '../../src/storage/link-write-store.ts';
import { migrateUp } from '../../src/storage/migrations/commands.ts';
import { newestMigration } from '../../src/storage/migrations/migration.ts';
import { readBuilder } from '../../src/storage/query.ts';
import { openReader, type Reader } from '../../src/storage/reader.ts';
import { ReaderConnection } from '../../src/storage/reader-connection.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { makeLink } from '../support/make-link.ts';
import {
  DatabaseTemplate,
  linksMigrations,
  TestFolder,
  writerOptions,
} from '../support/test-database.ts';

const template = new DatabaseTemplate('delete');
afterAll(() => template[Symbol.dispose]());

let folder: TestFolder;
let reader: Reader;

beforeEach(() => {
  folder = new TestFolder();
  reader = openReader({ file: folder.file(), timeoutMs: 10_000 });
});

afterEach(() => {
  reader[Symbol.dispose]();
  folder[Symbol.dispose]();
});

const sale = 'sale' as SlugKey;
const unavailable = expect.objectContaining({ kind: 'unavailable', details: { retryAfterS: 1 } });

/** A connection that writes to the reader's file. */
function openOther(): Database.Database {
  return new Database(folder.file(), { timeout: 0 });
}

function insertLink(title: string | null = null): void {
  const connection = new Connection(openOther());
  createLinkWriteStore(connection).insertLink(makeLink({ title }));
  connection[Symbol.dispose]();
}

describe('a node without a database', () => {
  test.each([
    ['no folder', () => openReader({ file: folder.file('no/links.db'), timeoutMs: 10 })],
    ['no file', () => reader],
    [
      'an empty file',
      () => {
        writeFileSync(folder.file(), '');
        return reader;
      },
    ],
    [
      'a database without tables',
      () => {
        const database = openOther();
        database.pragma('journal_mode = WAL');
        database.close();
        return reader;
      },
    ],
  ])('says so: %s', async (_, toReader) => {
    const subject = toReader();
    expect(subject.redirects.read(0, [])).toBe('absent');
    await expect(subject.links.findLink(1, sale)).rejects.toEqual(unavailable);
    await expect(subject.keys.listKeys()).rejects.toEqual(unavailable);
    await expect(subject.schemaVersion()).resolves.toBeUndefined();
    subject[Symbol.dispose]();
  });

  test('has no data version and makes no file', () => {
    expect(reader.dataVersion()).toBeUndefined();
    expect(() => new Database(folder.file(), { fileMustExist: true })).toThrow();
  });

  test('reads as soon as there is one', async () => {
    expect(reader.redirects.read(0, [])).toBe('absent');
    template.copyTo(folder.file());
    expect(reader.redirects.read(0, [])).toMatchObject({ epoch: 1 });
    await expect(reader.schemaVersion()).resolves.toBe(newestMigration(linksMigrations));
  });

  test('reads as soon as the tables are there', () => {
    openOther().exec('CREATE TABLE other (id INTEGER)').close();
    expect(reader.redirects.read(0, [])).toBe('absent');
    migrateUp({ ...writerOptions(folder), journalMode: 'delete' });
    expect(reader.redirects.read(0, [])).toMatchObject({ epoch: 0, revision: 0, domains: [] });
  });
});

test('a file that is no database is an error, not an absence', () => {
  writeFileSync(folder.file(), 'no database, for certain\n'.repeat(100));
  expect(() => reader.redirects.read(0, [])).toThrow('file is not a database');
});

describe('a busy database', () => {
  beforeEach(() => template.copyTo(folder.file()));

  test('is waited for', async () => {
    insertLink();
    const other = openOther();
    other.exec('BEGIN EXCLUSIVE');
    const found = reader.links.findLink(1, sale);
    setImmediate(() => other.exec('COMMIT'));
    await expect(found).resolves.toEqual(makeLink());
    other.close();
  });

  test('is unavailable in the end', async () => {
    using impatient = openReader({ file: folder.file(), timeoutMs: 10 });
    const other = openOther();
    other.exec('BEGIN EXCLUSIVE');
    await expect(impatient.links.findLink(1, sale)).rejects.toEqual(unavailable);
    await expect(impatient.links.findDomain(1)).rejects.toEqual(unavailable);
    await expect(impatient.keys.findKeyByPrefix('AAAA')).rejects.toEqual(unavailable);
    await expect(impatient.schemaVersion()).rejects.toEqual(unavailable);
    expect(impatient.dataVersion()).toBeUndefined();
    other.close();
  });
});

test('a handle never waits for a lock by itself, which would stop everything else', () => {
  template.copyTo(folder.file());
  using connection = new ReaderConnection(folder.file(), 10_000);
  expect(connection.read((c) => c.value('PRAGMA busy_timeout'))).toEqual({ value: 0 });
});

test('the epoch is that of the newest primary', () => {
  expect(reader.epochs()?.newest).toBeUndefined();
  template.copyTo(folder.file());
  expect(reader.epochs()?.newest).toBe(1);
  const other = openOther();
  other.exec(`INSERT INTO epochs VALUES (7, 'b', 1)`);
  expect(reader.epochs()?.newest).toBe(7);
  other.exec('BEGIN EXCLUSIVE');
  expect(reader.epochs()?.newest).toBeUndefined();
  other.close();
});

describe('the data version', () => {
  beforeEach(() => template.copyTo(folder.file()));

  test('is the same until somebody commits', () => {
    const first = reader.dataVersion();
    expect(reader.dataVersion()).toBe(first);
    insertLink();
    const second = reader.dataVersion();
    expect(second).not.toBe(first);
    expect(reader.dataVersion()).toBe(second);
  });

  test('is never one of an earlier handle', () => {
    const seen = new Set<number | undefined>();
    for (let handle = 0; handle < 3; handle += 1) {
      seen.add(reader.dataVersion());
      reader.reopen();
    }
    expect(seen.size).toBe(3);
  });
});

test('a reopened reader reads the file that is there now', async () => {
  template.copyTo(folder.file());
  await expect(reader.links.findLink(1, sale)).resolves.toBeUndefined();
  renameSync(folder.file(), folder.file('old.db'));
  template.copyTo(folder.file());
  insertLink();
  reader.reopen();
  await expect(reader.links.findLink(1, sale)).resolves.toEqual(makeLink());
});

test('links are found by their ids, and those that are gone are not among them', async () => {
  template.copyTo(folder.file());
  const connection = new Connection(openOther());
  const store = createLinkWriteStore(connection);
  const links = [7, 8, 2 ** 52].map((id) => makeLink({ id, slug: `link-${id}` }));
  for (const link of links) store.insertLink(link);
  store.deleteLink(makeLink({ id: 8, slug: 'link-8' }));
  connection[Symbol.dispose]();
  const found = await reader.links.findLinksById([2 ** 52, 8, 7, 9]);
  expect(found).toEqual(
    new Map([
      [7, links[0]],
      [2 ** 52, links[2]],
    ]),
  );
  await expect(reader.links.findLinksById([])).resolves.toEqual(new Map());
});

test('a domain is found by its id', async () => {
  template.copyTo(folder.file());
  await expect(reader.links.findDomain(1)).resolves.toEqual({
    id: 1,
    host: 'go.example.com',
    slugCase: 'insensitive',
  });
  await expect(reader.links.findDomain(2)).resolves.toBeUndefined();
});

test('keys are found by prefix, and listed', async () => {
  template.copyTo(folder.file());
  const connection = new Connection(openOther());
  const store = createApiKeyWriteStore(connection);
  const given = { secretHash: 'c'.repeat(64), createdAt: 1, revokedAt: null };
  const first = store.insertKey({ ...given, name: 'a', prefix: 'AAAA' });
  const second = store.insertKey({ ...given, name: 'b', prefix: 'aaaa' });
  store.updateKey({ ...second, revokedAt: 9 });
  connection[Symbol.dispose]();
  await expect(reader.keys.findKeyByPrefix('AAAA')).resolves.toEqual(first);
  await expect(reader.keys.findKeyByPrefix('aaaA')).resolves.toBeUndefined();
  await expect(reader.keys.findKeyByPrefix('aaaa')).resolves.toMatchObject({ revokedAt: 9 });
  await expect(reader.keys.listKeys()).resolves.toMatchObject([{ name: 'a' }, { name: 'b' }]);
});

test('a query of a reader that writes does not compile', () => {
  const row = { slug: 'a' };
  // @ts-expect-error insertInto gives nothing to go on with
  const insert = () => readBuilder.insertInto('links').values(row);
  // @ts-expect-error deleteFrom gives nothing to go on with
  const remove = () => readBuilder.deleteFrom('links').where('id', '=', 1);
  // @ts-expect-error updateTable gives nothing to go on with
  const update = () => readBuilder.updateTable('links').set(row);
  expect([insert, remove, update]).toHaveLength(3);
});

test('a handle of a reader cannot write either', () => {
  template.copyTo(folder.file());
  using connection = new ReaderConnection(folder.file(), 0);
  expect(() => connection.read(({ database }) => database.exec('DELETE FROM links'))).toThrow(
    expect.objectContaining({ code: 'SQLITE_READONLY' }),
  );
});

describe('what a crash leaves', () => {
  /** The files of `live.db` as they are while a connection has it open, under the name the reader reads. */
  function crash(suffix: string): void {
    for (const end of ['', suffix]) copyFileSync(folder.file(`live.db${end}`), folder.file() + end);
  }

  test('a WAL is read by whoever comes first', () => {
    const options = { ...writerOptions(folder), file: folder.file('live.db') };
    using session = openWriterSession(options);
    session.commits.run([
      {
        name: 'createLink',
        input: { domainId: 1, link: { slug: 'sale', destination: 'https://example.com/' } },
      },
    ]);
    crash('-wal');
    const key = { domainId: 1, slugKey: sale };
    expect(reader.redirects.read(0, [key])).toMatchObject({ links: [{ slugKey: 'sale' }] });
  });

  test('a half-written transaction is busy until a writer has taken it back', async () => {
    template.copyTo(folder.file('live.db'));
    const live = new Database(folder.file('live.db'));
    live.pragma('cache_size = 1');
    live.exec(`BEGIN;
      INSERT INTO links SELECT value, 1, value, value, 'https://example.com/', NULL, 302, 0, NULL, NULL, 0, 0, 1, 1, 1
      FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 5000) SELECT value FROM n)`);
    crash('-journal');
    live.exec('ROLLBACK');
    live.close();
    expect(reader.redirects.read(0, [])).toBe('busy');
    openWriterSession(writerOptions(folder, { journalMode: 'delete' }))[Symbol.dispose]();
    expect(reader.redirects.read(0, [])).toMatchObject({ epoch: 2 });
    await expect(reader.links.findLink(1, '77' as SlugKey)).resolves.toBeUndefined();
  });
});
