import { copyFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultDomainId } from '../../src/domain/domain-name.ts';
import type { LinkChanges } from '../../src/domain/link.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import { carryOver } from '../../src/storage/carry-over.ts';
import { openWriterSession, type WriterSession } from '../../src/storage/writer-session.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

let folder: TestFolder;
let running: string;
let restored: string;
beforeEach(() => {
  folder = new TestFolder();
  running = folder.file('running.db');
  restored = folder.file('restored.db');
});
afterEach(() => folder[Symbol.dispose]());

/** Opens the writer of a file as a node does, and closes it again. */
function write<T>(file: string, work: (session: WriterSession) => T): T {
  using session = openWriterSession(writerOptions(folder, { file, journalMode: 'delete' }));
  return work(session);
}

function createKey(file: string, name: string): number {
  return write(file, ({ commits }) => {
    const input = { name, prefix: name.padEnd(10, '0'), secretHash: `hash of ${name}` };
    const { outcomes } = commits.run([{ name: 'createKey', input }]);
    return (outcomes[0] as { value: { id: number } }).value.id;
  });
}

function revokeKey(file: string, id: number): void {
  write(file, ({ commits }) => commits.run([{ name: 'revokeKey', input: id }]));
}

function createLinks(file: string, ...slugs: readonly string[]): void {
  const domainId = defaultDomainId;
  write(file, ({ commits }) => {
    for (const slug of slugs) {
      const link = { slug, destination: `https://example.com/${slug}` };
      commits.run([{ name: 'createLink', input: { domainId, link } }]);
    }
  });
}

function updateLink(file: string, slug: string, changes: LinkChanges): void {
  const ref = { domainId: defaultDomainId, slugKey: slug as SlugKey };
  write(file, ({ commits }) => commits.run([{ name: 'updateLink', input: { ...ref, changes } }]));
}

interface Row {
  readonly id: number;
  readonly blocked: number;
  readonly version: number;
  readonly updated_at: number;
}

function rowOf(file: string, slug: string): Row | undefined {
  return look(file, (database) =>
    database.prepare<[string], Row>('SELECT * FROM links WHERE slug = ?').get(slug),
  );
}

function insertLink(file: string): number {
  return look(file, (database) =>
    Number(
      database
        .prepare(
          `INSERT INTO links (domain_id, slug, slug_key, destination, redirect_code, forward_query, disabled, blocked, version, created_at, updated_at)
           VALUES (1, hex(randomblob(8)), hex(randomblob(8)), 'https://example.com/', 302, 0, 0, 0, 1, 0, 0)`,
        )
        .run().lastInsertRowid,
    ),
  );
}

function look<T>(file: string, work: (database: Database.Database) => T): T {
  const database = new Database(file);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

test('ids that only the running node has given are never given again', () => {
  createKey(running, 'alice');
  createKey(restored, 'old');
  createKey(running, 'carol');
  for (let n = 0; n < 3; n += 1) insertLink(running);
  look(running, (database) => database.exec('DELETE FROM links'));
  carryOver({ running, restored });
  expect(createKey(restored, 'bob')).toBe(3);
  expect(insertLink(restored)).toBe(4);
});

test('a backup that has given more ids goes on behind its own', () => {
  write(running, () => undefined);
  createKey(restored, 'old');
  insertLink(restored);
  carryOver({ running, restored });
  expect(createKey(restored, 'bob')).toBe(2);
  expect(insertLink(restored)).toBe(2);
});

test('a key that is revoked by now stays revoked, and no other one is', () => {
  for (const name of ['leaked', 'good', 'old']) createKey(running, name);
  revokeKey(running, 3);
  copyFileSync(running, restored);
  revokeKey(running, 1);
  const keys = (file: string) =>
    look(file, (database) => database.prepare('SELECT * FROM api_keys ORDER BY id').all());
  carryOver({ running, restored });
  expect(keys(restored)).toEqual(keys(running));
});

test('a key that was revoked elsewhere leaves another of its id alone', () => {
  createKey(running, 'leaked');
  revokeKey(running, 1);
  createKey(restored, 'good');
  carryOver({ running, restored });
  const revoked = look(restored, (database) =>
    database.prepare('SELECT id FROM api_keys WHERE revoked_at IS NOT NULL').all(),
  );
  expect(revoked).toEqual([]);
});

test('a link that is blocked by now stays blocked, as a state of its own, and no other one is', () => {
  createLinks(running, 'abused', 'good');
  copyFileSync(running, restored);
  const [abused, good] = [rowOf(restored, 'abused'), rowOf(restored, 'good')];
  updateLink(running, 'abused', { destination: 'https://example.com/elsewhere' });
  updateLink(running, 'abused', { blocked: true });
  updateLink(running, 'good', { disabled: true });
  look(running, (database) => database.exec('UPDATE links SET updated_at = updated_at + 5'));
  carryOver({ running, restored });
  expect(rowOf(restored, 'abused')).toEqual({
    ...abused,
    blocked: 1,
    version: 4,
    updated_at: rowOf(running, 'abused')?.updated_at,
  });
  expect(rowOf(restored, 'good')).toEqual(good);
});

test('a short URL is what stays blocked, whatever its link in the backup is', () => {
  createLinks(running, 'abused');
  updateLink(running, 'abused', { blocked: true });
  createLinks(restored, 'good', 'abused');
  for (const title of ['one', 'two', 'three']) updateLink(restored, 'abused', { title });
  // The id of the blocked link is that of another one there.
  const id = rowOf(running, 'abused')?.id;
  look(restored, (database) => {
    database.prepare(`UPDATE links SET id = ? WHERE slug = 'good'`).run(id);
    database.exec('UPDATE links SET updated_at = updated_at + 5');
  });
  const [abused, good] = [rowOf(restored, 'abused'), rowOf(restored, 'good')];
  carryOver({ running, restored });
  expect(rowOf(restored, 'good')).toEqual(good);
  expect(rowOf(restored, 'abused')).toEqual({ ...abused, blocked: 1, version: 5 });
});

test.each([true, false])(
  'a link that is blocked in the backup is as it was there, and blocked by now: %s',
  (blocked) => {
    createLinks(running, 'abused');
    updateLink(running, 'abused', { blocked: true });
    copyFileSync(running, restored);
    const before = rowOf(restored, 'abused');
    updateLink(running, 'abused', { title: 'abuse', blocked });
    carryOver({ running, restored });
    expect(before).toMatchObject({ blocked: 1 });
    expect(rowOf(restored, 'abused')).toEqual(before);
  },
);

test('a blocked link that the backup does not have is not there', () => {
  createLinks(running, 'abused');
  updateLink(running, 'abused', { blocked: true });
  createLinks(restored, 'good');
  const good = rowOf(restored, 'good');
  carryOver({ running, restored });
  expect(rowOf(restored, 'abused')).toBeUndefined();
  expect(rowOf(restored, 'good')).toEqual(good);
});
