import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { DatabaseFault } from '../../src/domain/database-facts.ts';
import { findFaultOfFile } from '../../src/storage/database-file.ts';
import { inspectDatabase } from '../../src/storage/inspect-database.ts';
import { migrateUp } from '../../src/storage/migrations/commands.ts';
import { clicksMigrations, linksMigrations, TestFolder } from '../support/test-database.ts';

const folder = new TestFolder();
afterAll(() => folder[Symbol.dispose]());

const source = folder.file('source.db');
makeLinks(source, [1, 2, 3]);

/** A database of links in DELETE mode with these ids, put in in this order. */
function makeLinks(file: string, ids: readonly number[]): void {
  migrateUp({ file, migrationsDir: linksMigrations, journalMode: 'delete', node: 'test' });
  edit(file, (database) => {
    database.exec(`UPDATE schema_migrations SET applied_at = 1`);
    database.exec(`INSERT INTO domains VALUES (1, 'go.example.com', 'insensitive', 1)`);
    database.exec(`INSERT INTO epochs VALUES (1, 'a', 1), (7, 'b', 2)`);
    const insert = database.prepare(
      `INSERT INTO links (id, domain_id, slug, slug_key, destination, redirect_code, forward_query,
         disabled, blocked, version, created_at, updated_at)
       VALUES (@id, 1, 'slug' || @id, 'slug' || @id, 'https://example.com/' || @id, 302, 0, 0, 0, 1, @id, @id)`,
    );
    for (const id of ids) insert.run({ id: BigInt(id) });
    database.exec(`UPDATE sqlite_sequence SET seq = 3 WHERE name = 'links'`);
  });
}

function edit(file: string, work: (database: Database.Database) => void): void {
  const database = new Database(file);
  work(database);
  database.close();
}

/** A copy of the source that something was done to. */
function copyWith(name: string, work: (database: Database.Database) => void): string {
  const file = folder.file(name);
  copyFileSync(source, file);
  edit(file, work);
  return file;
}

describe('the facts of a file', () => {
  it('are its newest migration, its epoch and its rows by table', () => {
    const facts = inspectDatabase(source);
    expect(facts).toMatchObject({ schema: '0002_bulk_idempotency.sql', epoch: 7 });
    expect(facts.counts).toEqual({
      api_keys: 0,
      changes: 0,
      domains: 1,
      epochs: 2,
      idempotency_keys: 0,
      links: 3,
      schema_migrations: 2,
      sqlite_sequence: 1,
    });
  });

  it('of clicks have no epoch', () => {
    const file = folder.file('clicks.db');
    migrateUp({ file, migrationsDir: clicksMigrations, journalMode: 'delete', node: 'test' });
    expect(inspectDatabase(file)).toMatchObject({ schema: '0001_clicks.sql', epoch: null });
  });

  it('are the same wherever rows lie', () => {
    const other = folder.file('other-order.db');
    makeLinks(other, [3, 1, 2]);
    edit(other, (database) => database.exec('PRAGMA page_size = 1024; VACUUM'));
    expect(readFileSync(other).equals(readFileSync(source))).toBe(false);
    expect(inspectDatabase(other)).toEqual(inspectDatabase(source));
  });

  it.each([
    ['a changed text', `UPDATE links SET destination = 'https://example.com/4' WHERE id = 3`],
    ['a changed number', 'UPDATE links SET updated_at = 9007199254740993 WHERE id = 3'],
    ['no value in place of an empty one', `UPDATE links SET title = '' WHERE id = 3`],
    ['a text behind a NUL', `UPDATE links SET title = 'a' || char(0) || 'b' WHERE id = 3`],
    ['a row less', 'DELETE FROM links WHERE id = 3'],
    ['a row in another table', `INSERT INTO changes (domain_id, slug_key) VALUES (1, 'a')`],
    ['the highest id ever', `UPDATE sqlite_sequence SET seq = 4 WHERE name = 'links'`],
    ['a trigger', 'CREATE TRIGGER t AFTER INSERT ON links BEGIN DELETE FROM links; END'],
    ['a column', 'ALTER TABLE links ADD COLUMN more TEXT'],
  ])('differ by %s', (name, sql) => {
    const file = copyWith(`${name}.db`, (database) => database.exec(sql));
    expect(inspectDatabase(file).contentHash).not.toBe(inspectDatabase(source).contentHash);
  });

  it('tell numbers apart that are one as floating-point numbers', () => {
    const [one, other] = [9007199254740992n, 9007199254740993n].map((number) =>
      copyWith(`${number}.db`, (database) => {
        database.prepare('UPDATE links SET updated_at = ? WHERE id = 3').run(number);
      }),
    );
    const hash = (file = '') => inspectDatabase(file).contentHash;
    expect(hash(one)).not.toBe(hash(other));
  });

  it('tell bytes and fractions apart, which no table of ours has yet', () => {
    const hashOf = (value: unknown) =>
      inspectDatabase(
        copyWith('loose.db', (database) => {
          database.exec('CREATE TABLE loose (value)');
          database.prepare('INSERT INTO loose VALUES (?)').run(value);
        }),
      ).contentHash;
    const values = [Buffer.from('a'), 'a', '61', 0.1, 0.1 + 2 ** -56, null, 1n, '1'];
    expect(new Set(values.map(hashOf)).size).toBe(values.length);
  });
});

describe('a file is not called damaged', () => {
  it.each(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_CANTOPEN', 'SQLITE_NOMEM'])(
    'where this machine cannot read it: %s',
    (code) => {
      const error = new Database.SqliteError('not now', code);
      using _ = vi.spyOn(Database.prototype, 'pragma').mockImplementation(() => {
        throw error;
      });
      expect(() => inspectDatabase(source)).toThrow(error);
      const place = { file: source, migrationsDir: linksMigrations };
      expect(() => findFaultOfFile(place)).toThrow(error);
    },
  );
});

describe('a file is refused', () => {
  it.each<[string, RegExp, (file: string) => void]>([
    ['that is not there', /no such file/, () => {}],
    ['that is empty', /not a SQLite database/, (file) => writeFileSync(file, '')],
    ['that is text', /not a SQLite database/, (file) => writeFileSync(file, 'a'.repeat(5000))],
    [
      'in WAL mode',
      /in WAL mode/,
      (file) => {
        copyFileSync(source, file);
        edit(file, (database) => database.pragma('journal_mode = WAL'));
      },
    ],
    [
      'with a journal',
      /not whole without .*-journal/,
      (file) => {
        copyFileSync(source, file);
        writeFileSync(`${file}-journal`, 'a');
      },
    ],
    [
      'that is cut short',
      /damaged|cannot be read/,
      (file) => {
        copyFileSync(source, file);
        truncateSync(file, readFileSync(source).length - 4096);
      },
    ],
    [
      'with an index that lacks a row',
      /it is damaged: .*index links_by_created_at/,
      (file) => {
        copyFileSync(source, file);
        edit(file, breakIndex);
      },
    ],
    [
      'without a ledger',
      /no database of Hoplite/,
      (file) => edit(file, (database) => database.exec('CREATE TABLE a (b)')),
    ],
  ])('%s', (name, sentence, make) => {
    const file = folder.file(`${name}.db`);
    make(file);
    expect(() => inspectDatabase(file)).toThrow(DatabaseFault);
    expect(() => inspectDatabase(file)).toThrow(sentence);
  });
});

/** Takes the rows out of an index and not out of its table. */
function breakIndex(database: Database.Database): void {
  database.unsafeMode(true);
  database.pragma('writable_schema = ON');
  database.exec(`
    UPDATE sqlite_schema SET sql = 'CREATE INDEX links_by_created_at ON links (domain_id, created_at) WHERE 0'
      WHERE name = 'links_by_created_at'`);
  database.pragma('writable_schema = RESET');
  database.exec('REINDEX links_by_created_at');
  database.pragma('writable_schema = ON');
  database.exec(`
    UPDATE sqlite_schema SET sql = 'CREATE INDEX links_by_created_at ON links (domain_id, created_at)'
      WHERE name = 'links_by_created_at'`);
}
