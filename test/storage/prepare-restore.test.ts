import { copyFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { judgeStanding } from '../../src/cluster/bookmark-standing.ts';
import type { EpochHistory } from '../../src/domain/bookmark.ts';
import { prepareRestore } from '../../src/storage/prepare-restore.ts';
import { openReader } from '../../src/storage/reader.ts';
import { renewSchemaCookie } from '../../src/storage/schema-cookie.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { positionAt } from '../support/fake-mount.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

let folder: TestFolder;
const options = (given = {}) => writerOptions(folder, { journalMode: 'delete', ...given });
beforeEach(() => {
  folder = new TestFolder();
  openWriterSession(options())[Symbol.dispose]();
});
afterEach(() => folder[Symbol.dispose]());

/** What a look into a database gives. */
function look<T>(work: (database: Database.Database) => T, file = folder.file()): T {
  const database = new Database(file);
  try {
    return work(database);
  } finally {
    database.close();
  }
}
const epochs = () =>
  look((database) => database.prepare('SELECT epoch FROM epochs ORDER BY epoch').pluck().all());
const cookie = () => look((database) => database.pragma('schema_version', { simple: true }));

test.for([
  ['of the same epoch', 1, [1, 2]],
  ['that is behind: every epoch in between has a row', 4, [1, 2, 3, 4, 5]],
  ['that is far behind: only as many as anybody looks at', 90, [1, ...range(59, 91)]],
  ['that is ahead', 0, [1, 2]],
] as const)('a backup %s goes on above all epochs', ([, after, expected]) => {
  expect(prepareRestore(options(), after)).toEqual({ epoch: expected.at(-1) });
  expect(epochs()).toEqual(expected);
});

test('an epoch that only the target has had is told from the one of that number in what is restored', () => {
  copyFileSync(folder.file(), folder.file('backup.db'));
  for (let primaries = 0; primaries < 2; primaries += 1)
    openWriterSession(options())[Symbol.dispose]();
  const ofTarget = readTags(folder.file());
  prepareRestore(options({ file: folder.file('backup.db') }), 3);
  const restored = readTags(folder.file('backup.db'));
  expect([...restored.keys()]).toEqual([4, 3, 2, 1]);
  expect(restored.get(1)).toBe(ofTarget.get(1));
  for (const epoch of [2, 3]) {
    expect(ofTarget.has(epoch)).toBe(true);
    expect(restored.get(epoch)).not.toBe(ofTarget.get(epoch));
    // So a bookmark of then is not taken for one that is reached.
    const bookmark = { epoch, epochTag: ofTarget.get(epoch) as string, txid: positionAt(1).txid };
    const own = { epoch: 4, txid: positionAt(9).txid, tags: restored };
    expect(judgeStanding(own, bookmark)).toBe('astray');
  }
});

test('a backup of an older release is migrated, and gets the host of its new place', () => {
  look((database) => {
    database.exec('ALTER TABLE idempotency_keys DROP COLUMN outcomes');
    database.exec(
      'DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)',
    );
  });
  const domain = { host: 'moved.example.com', slugCase: 'insensitive' } as const;
  prepareRestore(options({ domain }), 1);
  const host = look((database) => database.prepare('SELECT host FROM domains').pluck().get());
  expect(host).toBe('moved.example.com');
});

test('what cannot be restored is refused with the reason', () => {
  const domain = { host: 'go.example.com', slugCase: 'sensitive' } as const;
  prepareRestore(options({ domain }), 1);
  look((database) => {
    const insert = database.prepare(
      `INSERT INTO links (domain_id, slug, slug_key, destination, redirect_code, forward_query, disabled, blocked, version, created_at, updated_at)
       VALUES (1, ?, ?, 'https://example.com/', 302, 0, 0, 0, 1, 0, 0)`,
    );
    for (const slug of ['same', 'SAME']) insert.run(slug, slug);
  });
  expect(() => prepareRestore(options(), 2)).toThrow(/SLUG_CASE cannot become insensitive/);
});

test('a database that LiteFS has imported gets a cookie of its own when it is opened, others keep theirs', () => {
  const before = cookie();
  openWriterSession(options())[Symbol.dispose]();
  expect(cookie()).toBe(before);
  const seen = new Set<unknown>();
  for (let imports = 0; imports < 3; imports += 1) {
    look((database) => {
      database.unsafeMode(true);
      database.pragma('schema_version = 0');
    });
    openWriterSession(options())[Symbol.dispose]();
    seen.add(cookie());
  }
  expect(seen.size).toBe(3);
  expect(seen).not.toContain(0);
});

test('an empty database keeps its cookie: SQLite makes one with the first table', () => {
  look((database) => {
    renewSchemaCookie(database);
    expect(database.pragma('schema_version', { simple: true })).toBe(0);
  }, folder.file('empty.db'));
});

/** The tags of the epochs in a file of links. */
function readTags(file: string): EpochHistory['tags'] {
  using reader = openReader({ file, timeoutMs: 1_000 });
  return reader.epochs()?.tags ?? new Map();
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}
