import { renameSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import { createLinks } from '../../src/domain/links.ts';
import type { Position } from '../../src/domain/position.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import type { WriterCommands } from '../../src/domain/writer.ts';
import { Connection } from '../../src/storage/connection.ts';
import { type Command, GroupCommit, Superseded } from '../../src/storage/group-commit.ts';
import { createIdempotencyStore } from '../../src/storage/idempotency-store.ts';
import { createLinkWriteStore } from '../../src/storage/link-write-store.ts';
import type { PositionSource } from '../../src/storage/position-file.ts';
import { positionAt } from '../support/fake-mount.ts';
import { readColumn } from '../support/read-column.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { DatabaseTemplate, TestFolder } from '../support/test-database.ts';

/** Plays LiteFS: the position moves with each commit, unless told otherwise. */
class FakePosition implements PositionSource {
  current: Position | undefined = positionAt(10);
  afterCommit: () => Position | undefined = () =>
    positionAt(Number.parseInt(this.current?.txid ?? '0', 16) + 1);

  read(): Position | undefined {
    return this.current;
  }

  [Symbol.dispose](): void {}
}

const template = new DatabaseTemplate('delete');
afterAll(() => template[Symbol.dispose]());

let folder: TestFolder;
let connection: Connection;
let statements: string[];
let position: FakePosition;
let commits: GroupCommit;

beforeEach(() => {
  folder = new TestFolder();
  template.copyTo(folder.file());
  statements = [];
  position = new FakePosition();
  const database = new Database(folder.file(), {
    timeout: 0,
    verbose: (sql) => {
      statements.push(String(sql));
      if (sql === 'COMMIT') position.current = position.afterCommit();
    },
  });
  connection = new Connection(database);
  commits = new GroupCommit({
    connection,
    commands: commandsOf(connection),
    position,
    openedAt: position.current,
  });
});

afterEach(() => {
  connection[Symbol.dispose]();
  folder[Symbol.dispose]();
});

/** The real use cases; a link whose title is `failure` or `defect` fails after it was written. */
function commandsOf(target: Connection): WriterCommands {
  const links = createLinks({
    store: createLinkWriteStore(target),
    idempotency: createIdempotencyStore(target),
    clock: { now: () => Date.UTC(2026, 0) },
    random: seededRandom('group commit'),
    destinationPolicy: { ownHosts: [], allowPrivate: false },
    minSlugLength: 6,
  });
  return {
    ...links,
    createLink(input) {
      const result = links.createLink(input);
      if (input.link.title === 'failure') throw new Failure('conflict', 'as told');
      if (input.link.title === 'defect') throw new TypeError('as told');
      return result;
    },
    createKey: () => {
      throw new Error('not used');
    },
    revokeKey: () => {
      throw new Error('not used');
    },
  };
}

function create(slug: string, given: { title?: string; destination?: string } = {}): Command {
  const link = { destination: 'https://example.com/', slug, ...given };
  return { name: 'createLink', input: { domainId: 1, link } };
}

const slugs = () => readColumn<string>(folder.file(), 'SELECT slug FROM links ORDER BY slug');

const count = (sql: string) => statements.filter((each) => each === sql).length;
const errors = (outcomes: readonly object[]) =>
  outcomes.map((outcome) => ('error' in outcome ? outcome.error : undefined));

test('all commands share one transaction and its position', () => {
  const { outcomes, position: after } = commits.run([create('a'), create('b'), create('c')]);
  expect(errors(outcomes)).toEqual([undefined, undefined, undefined]);
  expect(count('BEGIN IMMEDIATE')).toBe(1);
  expect(count('COMMIT')).toBe(1);
  expect(after).toEqual(positionAt(11));
  expect(slugs()).toEqual(['a', 'b', 'c']);
});

test.each(['failure', 'defect'])('a %s rolls back its own command alone', (title) => {
  const { outcomes } = commits.run([create('a'), create('b', { title }), create('c')]);
  expect(errors(outcomes)).toEqual([
    undefined,
    expect.objectContaining({ message: 'as told' }),
    undefined,
  ]);
  expect(slugs()).toEqual(['a', 'c']);
  const changed = connection.database.prepare('SELECT slug_key FROM changes').pluck().all();
  expect(changed).toEqual(['a', 'c']);
});

test('a command sees what those before it in the transaction did', () => {
  const { outcomes } = commits.run([create('a'), create('A')]);
  expect(errors(outcomes)).toEqual([undefined, expect.objectContaining({ kind: 'conflict' })]);
});

test('a command that does not exist is a defect of its own', () => {
  const unknown = { name: 'dropEverything' as 'createLink', input: undefined };
  const { outcomes } = commits.run([unknown, create('a')]);
  expect(errors(outcomes)).toEqual([expect.any(TypeError), undefined]);
});

describe('a transaction without effect', () => {
  test.each([
    ['when every command fails', [create('a', { title: 'failure' })]],
    ['when nothing is asked', []],
    [
      'when an update changes nothing',
      [
        {
          name: 'updateLink',
          input: { domainId: 1, slugKey: 'there' as SlugKey, changes: { title: null } },
        } as const,
      ],
    ],
  ])('is not committed and moves no position: %s', (_, commands) => {
    commits.run([create('there')]);
    statements.length = 0;
    const { position: after } = commits.run(commands);
    expect(count('COMMIT')).toBe(0);
    expect(after).toEqual(positionAt(11));
    expect(connection.isInTransaction).toBe(false);
    expect(commits.run([create('next')]).position).toEqual(positionAt(12));
  });
});

const unknown = expect.objectContaining({
  kind: 'unavailable',
  message: expect.stringContaining('not known whether'),
  details: { retryAfterS: 1 },
});
const notMade = (reason: string) =>
  expect.objectContaining({
    kind: 'unavailable',
    message: expect.stringMatching(new RegExp(`${reason}.* Nothing was changed`)),
    details: { retryAfterS: 1 },
  });

describe('the position decides', () => {
  test('a commit after which it did not advance is unknown to all of its commands', () => {
    position.afterCommit = () => positionAt(10);
    const { outcomes } = commits.run([create('a'), create('b', { title: 'failure' })]);
    expect(errors(outcomes)).toEqual([unknown, unknown]);
  });

  test('a commit after which it went back is unknown', () => {
    position.afterCommit = () => positionAt(9);
    expect(errors(commits.run([create('a')]).outcomes)).toEqual([unknown]);
  });

  test('a commit after which it cannot be read is unknown, and the writer has to be opened again', () => {
    position.afterCommit = () => undefined;
    expect(errors(commits.run([create('a')]).outcomes)).toEqual([unknown]);
    position.current = positionAt(11);
    expect(() => commits.run([create('b')])).toThrow(Superseded);
    expect(slugs()).toEqual(['a']);
  });

  test('nothing is written while it cannot be read', () => {
    position.current = undefined;
    expect(errors(commits.run([create('a')]).outcomes)).toEqual([notMade('position')]);
    expect(slugs()).toEqual([]);
  });

  test.each([
    ['txid', positionAt(11)],
    ['checksum', positionAt(10, 99)],
  ])('nothing is written when its %s is not that of the last commit', (_, moved) => {
    position.current = moved;
    expect(() => commits.run([create('a')])).toThrow(Superseded);
    expect(connection.isInTransaction).toBe(false);
    expect(slugs()).toEqual([]);
  });
});

describe('an error of SQLite', () => {
  test('a locked database is unavailable, and writable again afterwards', () => {
    const other = new Database(folder.file());
    other.exec('BEGIN IMMEDIATE');
    expect(errors(commits.run([create('a'), create('b')]).outcomes)).toEqual([
      notMade('busy'),
      notMade('busy'),
    ]);
    other.exec('COMMIT');
    other.close();
    expect(errors(commits.run([create('a')]).outcomes)).toEqual([undefined]);
  });

  test('a commit that a reader keeps off is unavailable and not made', () => {
    const reader = new Database(folder.file(), { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM links').all();
    expect(errors(commits.run([create('a')]).outcomes)).toEqual([notMade('busy')]);
    reader.exec('COMMIT');
    reader.close();
    position.current = positionAt(10);
    expect(slugs()).toEqual([]);
    expect(errors(commits.run([create('b')]).outcomes)).toEqual([undefined]);
  });

  test('a readonly database says that this node is not primary', () => {
    // SQLite refuses to write a file that is no longer where it was opened, as it does on a demoted node.
    renameSync(folder.file(), folder.file('elsewhere.db'));
    const { outcomes } = commits.run([create('a'), create('b')]);
    expect(errors(outcomes)).toEqual([
      expect.objectContaining({ name: 'NotPrimary' }),
      expect.objectContaining({ name: 'NotPrimary' }),
    ]);
    renameSync(folder.file('elsewhere.db'), folder.file());
    expect(slugs()).toEqual([]);
  });

  test('a full disk undoes the whole transaction and says so', () => {
    const pages = connection.database.pragma('page_count', { simple: true });
    connection.database.pragma(`max_page_count = ${pages}`);
    const long = { destination: `https://example.com/${'x'.repeat(8_000)}` };
    const { outcomes } = commits.run([create('a'), create('b', long), create('c', long)]);
    expect(errors(outcomes)).toEqual([notMade('full'), notMade('full'), notMade('full')]);
    expect(connection.isInTransaction).toBe(false);
    expect(slugs()).toEqual([]);
    expect(errors(commits.run([create('d')]).outcomes)).toEqual([undefined]);
  });
});
