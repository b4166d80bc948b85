import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { FileCopier } from '../../src/storage/file-copier.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

const never = new AbortController().signal;

function copierOf(folder: TestFolder, rest?: () => void): FileCopier {
  return new FileCopier({ links: folder.file(), clicks: folder.file('clicks.db') }, rest);
}

/** Some MiB in WAL mode, with a connection to it. */
function makeLargeDatabase(file: string): Database.Database & Disposable {
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  database.exec(
    `CREATE TABLE filler (n INTEGER, filler BLOB);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
     INSERT INTO filler SELECT 0, zeroblob(1000) FROM n`,
  );
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}

describe('a copy of a database of a node that runs alone', () => {
  it('has all that was committed, also what is in the WAL alone, and is in DELETE mode', async () => {
    using source = new TestFolder();
    using target = new TestFolder();
    using session = openWriterSession(writerOptions(source));
    expect(readFileSync(source.file())[18]).toBe(2);

    const copies = await copierOf(source).copyInto(target.path, ['clicks', 'links'], never);

    expect(Object.keys(copies)).toEqual(['clicks', 'links']);
    for (const copy of [copies.links, copies.clicks]) {
      const bytes = readFileSync(copy?.file as string);
      expect(bytes.length).toBe(copy?.bytes);
      expect([bytes[18], bytes[19]]).toEqual([1, 1]);
      const database = new Database(copy?.file as string, { readonly: true });
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
      database.close();
    }
    const links = new Database(copies.links?.file as string, { readonly: true });
    expect(links.prepare('SELECT max(epoch) FROM epochs').pluck().get()).toBe(1);
    links.close();
    expect(session).toBeDefined();
  });

  it('is of the state when it began, whatever is written while it rests between pieces', async () => {
    using source = new TestFolder();
    using target = new TestFolder();
    using writer = makeLargeDatabase(source.file());
    let rests = 0;

    const copies = await copierOf(source, () => {
      rests += 1;
      writer.exec('UPDATE filler SET n = n + 1');
    }).copyInto(target.path, ['links'], never);

    expect(rests).toBeGreaterThan(2);
    const copy = new Database(copies.links?.file as string, { readonly: true });
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(copy.prepare('SELECT min(n), max(n) FROM filler').raw().get()).toEqual([0, 0]);
    copy.close();
  });

  it('is given up between two pieces when it is not wanted any more', async () => {
    using source = new TestFolder();
    using target = new TestFolder();
    using _ = makeLargeDatabase(source.file());
    const leaving = new AbortController();
    let rests = 0;

    const copying = copierOf(source, () => {
      rests += 1;
      leaving.abort(new Error('no more'));
    }).copyInto(target.path, ['links'], leaving.signal);

    await expect(copying).rejects.toThrow('no more');
    expect(rests).toBe(1);
  });

  it('is of one state and ends, however much is written meanwhile', async () => {
    using source = new TestFolder();
    using target = new TestFolder();
    const file = source.file();
    const database = new Database(file);
    database.pragma('journal_mode = WAL');
    database.exec('CREATE TABLE pairs (side TEXT, n INTEGER, filler BLOB)');
    database.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
       INSERT INTO pairs SELECT 'filler', i, zeroblob(1000) FROM n`,
    );
    database.close();
    // Each transaction writes both ends of the file.
    const writing = new Worker(
      `const { workerData } = require('node:worker_threads');
       const database = new (require('better-sqlite3'))(workerData.file);
       const insert = database.prepare('INSERT INTO pairs VALUES (?, ?, NULL)');
       const count = database.prepare("UPDATE pairs SET n = n + 1 WHERE side = 'filler' AND rowid = 1");
       const both = database.transaction((n) => { insert.run('a', n); count.run(); });
       for (let n = 0; ; n++) { both(n); if (n === 5) require('node:worker_threads').parentPort.postMessage('on'); }`,
      { eval: true, workerData: { file } },
    );
    try {
      await new Promise((resolve) => writing.once('message', resolve));
      const copies = await copierOf(source).copyInto(target.path, ['links'], never);
      const copy = new Database(copies.links?.file as string, { readonly: true });
      expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
      const rows = copy.prepare("SELECT count(*) FROM pairs WHERE side = 'a'").pluck().get();
      const counted = copy.prepare('SELECT n - 1 FROM pairs WHERE rowid = 1').pluck().get();
      expect(rows).toBe(counted);
      expect(rows).toBeGreaterThan(5);
      copy.close();
    } finally {
      await writing.terminate();
    }
  });

  it('is not made of a database that is not there, nor over a file', async () => {
    using source = new TestFolder();
    using target = new TestFolder();
    openWriterSession(writerOptions(source))[Symbol.dispose]();
    const copier = new FileCopier({ links: source.file(), clicks: source.file('none.db') });
    expect(Object.keys(await copier.copyInto(target.path, ['clicks', 'links'], never))).toEqual([
      'links',
    ]);
    await expect(copier.copyInto(target.path, ['links'], never)).rejects.toThrow('exists already');
    expect(await copier.readPosition()).toBeUndefined();
  });
});
