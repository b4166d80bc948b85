import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Link } from '../../src/domain/link.ts';
import type { LinkWriteStore } from '../../src/domain/link-store.ts';
import type { RedirectSnapshot } from '../../src/domain/redirect-store.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import { keptChanges } from '../../src/storage/changes.ts';
import { Connection } from '../../src/storage/connection.ts';
import { createLinkWriteStore } from '../../src/storage/link-write-store.ts';
import { openReader, type Reader } from '../../src/storage/reader.ts';
import { makeLink } from '../support/make-link.ts';
import { DatabaseTemplate, TestFolder } from '../support/test-database.ts';

const template = new DatabaseTemplate('delete');
afterAll(() => template[Symbol.dispose]());

let folder: TestFolder;
let writer: Connection;
let store: LinkWriteStore;
let reader: Reader;

beforeEach(() => {
  folder = new TestFolder();
  template.copyTo(folder.file());
  writer = new Connection(new Database(folder.file(), { timeout: 0 }));
  store = createLinkWriteStore(writer);
  reader = openReader({ file: folder.file(), timeoutMs: 250 });
});

afterEach(() => {
  reader[Symbol.dispose]();
  writer[Symbol.dispose]();
  folder[Symbol.dispose]();
});

const key = (slugKey: string) => ({ domainId: 1, slugKey: slugKey as SlugKey });
const write = (work: (links: LinkWriteStore) => void) =>
  writer.database.transaction(() => work(store)).immediate();
const insert = (...links: readonly Link[]) =>
  write((tx) => {
    for (const link of links) tx.insertLink(link);
  });

/** What a redirect needs of a link. */
function forRedirect(link: Link | undefined) {
  if (link === undefined) return undefined;
  const { slug, title, version, createdAt, updatedAt, ...rest } = link;
  return rest;
}

function read(sinceRevision = 0, ...slugKeys: readonly string[]): RedirectSnapshot {
  const snapshot = reader.redirects.read(sinceRevision, slugKeys.map(key));
  if (typeof snapshot === 'string') throw new Error(snapshot);
  return snapshot;
}

describe('one read finds', () => {
  test('each link asked for, in its place', () => {
    const sale = makeLink({ id: 1, slug: 'Sale', title: 'a', expiresAt: 5, blocked: true });
    const other = makeLink({ id: 2, slug: 'other', forwardQuery: true });
    insert(sale, other);
    expect(read(0, 'other', 'nothing', 'sale', 'other').links).toEqual(
      [other, undefined, sale, other].map(forRedirect),
    );
  });

  test('a link of its domain alone', () => {
    insert(makeLink());
    const asked = [{ domainId: 2, slugKey: 'sale' as SlugKey }];
    expect(reader.redirects.read(0, asked)).toMatchObject({ links: [undefined] });
  });

  test('epoch, revision and domains', () => {
    expect(read()).toEqual({
      epoch: 1,
      revision: 0,
      changed: [],
      links: [],
      domains: [{ id: 1, host: 'go.example.com', slugCase: 'insensitive' }],
    });
    insert(makeLink(), makeLink({ id: 2, slug: 'b' }));
    expect(read()).toMatchObject({ epoch: 1, revision: 2 });
  });

  test('what was committed since, whichever connection reads', () => {
    expect(read(0, 'sale').links).toEqual([undefined]);
    insert(makeLink());
    expect(read(0, 'sale').links).toEqual([forRedirect(makeLink())]);
    write((tx) => tx.updateLink(makeLink({ disabled: true })));
    expect(read(0, 'sale').links[0]?.disabled).toBe(true);
    write((tx) => tx.deleteLink(makeLink()));
    expect(read(0, 'sale').links).toEqual([undefined]);
  });
});

describe('changes', () => {
  test('tell every kind of write, from a revision on', () => {
    insert(makeLink());
    const { revision } = read();
    insert(makeLink({ id: 2, slug: 'B' }));
    write((tx) => tx.updateLink(makeLink({ version: 2 })));
    write((tx) => tx.updateLink(makeLink({ version: 3 })));
    write((tx) => tx.deleteLink(makeLink({ id: 2, slug: 'B' })));
    const later = read(revision);
    expect(later.revision).toBe(5);
    expect(later.changed).toEqual([key('b'), key('sale'), key('sale'), key('b')]);
    expect(read(later.revision).changed).toEqual([]);
    expect(read(4).changed).toEqual([key('b')]);
  });

  test('are unknown further back than the log reaches, and it reaches back 10,000', () => {
    insert(makeLink());
    write((tx) => {
      for (let version = 2; version <= keptChanges + 5; version += 1) {
        tx.updateLink(makeLink({ version }));
      }
    });
    const newest = keptChanges + 5;
    const kept = writer.database.prepare('SELECT min(revision), count(*) FROM changes').raw().get();
    expect(keptChanges).toBe(10_000);
    expect(kept).toEqual([newest - keptChanges + 1, keptChanges]);
    const changed = read(newest - keptChanges).changed ?? [];
    expect(new Set(changed.map(({ slugKey }) => slugKey))).toEqual(new Set(['sale']));
    expect(read(newest - keptChanges - 1).changed).toBeUndefined();
    expect(read(0).changed).toBeUndefined();
  });

  test('are unknown for a revision that is not reached yet', () => {
    insert(makeLink());
    expect(read(2).changed).toBeUndefined();
  });

  test('are none after the last one and unknown before it when the log has no rows any more', () => {
    insert(makeLink(), makeLink({ id: 2, slug: 'b' }));
    writer.database.exec('DELETE FROM changes');
    expect(read(2)).toMatchObject({ revision: 2, changed: [] });
    expect(read(1)).toMatchObject({ revision: 2, changed: undefined });
    expect(read(3)).toMatchObject({ revision: 2, changed: undefined });
  });

  test('of a transaction that was rolled back leave no gap', () => {
    insert(makeLink());
    writer.database.exec('BEGIN');
    store.updateLink(makeLink({ version: 2 }));
    writer.database.exec('ROLLBACK');
    write((tx) => tx.updateLink(makeLink({ version: 2 })));
    expect(read(1)).toMatchObject({ revision: 2, changed: [key('sale')] });
  });
});

describe('another history', () => {
  const beginEpoch = (epoch: number, node: string) =>
    writer.database
      .prepare('INSERT INTO epochs (epoch, node, started_at) VALUES (?, ?, 7)')
      .run(epoch, node);

  test('is told by a new epoch', () => {
    read();
    beginEpoch(2, 'b');
    expect(read().epoch).toBe(2);
  });

  test('is told by changes that are unknown, when two primaries began the same epoch', () => {
    beginEpoch(2, 'a');
    insert(makeLink());
    const lost = read();
    expect(lost).toMatchObject({ epoch: 2, revision: 1 });
    // The failover: what the first did is gone, and the second did as much and more.
    writer.database.exec(`DELETE FROM epochs WHERE epoch = 2; DELETE FROM links;
      DELETE FROM changes; DELETE FROM sqlite_sequence`);
    beginEpoch(2, 'b');
    insert(makeLink({ slug: 'x' }), makeLink({ id: 2, slug: 'y' }));
    expect(read(lost.revision, 'sale')).toMatchObject({
      epoch: 2,
      revision: 2,
      changed: undefined,
      links: [undefined],
    });
    expect(read(2)).toMatchObject({ revision: 2, changed: [] });
  });
});

test('a change that leaves no trace in the header is seen, as when LiteFS resets a node', async () => {
  insert(makeLink({ destination: 'https://example.com/lost' }));
  expect(read(0, 'sale').links[0]?.destination).toContain('lost');
  await reader.links.findLink(1, 'sale' as SlugKey);
  // The same transaction count and size, another content: what SQLite goes by are bytes 24 to 39 of the header.
  const before = readFileSync(folder.file());
  const after = Buffer.from(before);
  const at = after.indexOf('https://example.com/lost');
  after.write('https://example.com/kept', at);
  writeFileSync(folder.file('reset.db'), after);
  // From outside: a process that closes a database file drops its own locks on it.
  spawnSync('sh', ['-c', 'cat "$0" > "$1"', folder.file('reset.db'), folder.file()]);
  expect(await reader.links.findLink(1, 'sale' as SlugKey)).toMatchObject({
    destination: 'https://example.com/kept',
  });
  expect(read(0, 'sale').links[0]?.destination).toContain('kept');
});

test('domains are as new as the snapshot', () => {
  read();
  writer.database.exec(`UPDATE domains SET host = 'new.example'`);
  store.insertLink(makeLink());
  expect(read().domains).toMatchObject([{ host: 'new.example' }]);
});

describe('a read never waits', () => {
  test('a locked database is busy', () => {
    read();
    writer.database.exec('BEGIN EXCLUSIVE');
    expect(reader.redirects.read(0, [key('sale')])).toBe('busy');
    writer.database.exec('COMMIT');
    expect(reader.redirects.read(0, [])).toMatchObject({ revision: 0 });
  });

  test('a locked database is busy for a handle that is not open yet', () => {
    writer.database.exec('BEGIN EXCLUSIVE');
    expect(reader.redirects.read(0, [key('sale')])).toBe('busy');
    writer.database.exec('COMMIT');
    expect(reader.redirects.read(0, [])).toMatchObject({ revision: 0 });
  });

  test('and holds no lock afterwards', () => {
    insert(makeLink());
    read(0, 'sale');
    writer.database.exec('BEGIN EXCLUSIVE; COMMIT');
  });
});
