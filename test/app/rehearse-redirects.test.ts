import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rehearseRedirects } from '../../src/app/rehearse-redirects.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

const given = {
  baseUrl: 'https://go.example.com',
  destinationPolicy: { ownHosts: ['go.example.com'], allowPrivate: false },
};

describe('a rehearsal of redirects', () => {
  let folder: TestFolder;
  let file: string;

  beforeAll(() => {
    folder = new TestFolder();
    file = folder.file();
    openWriterSession(writerOptions(folder, { journalMode: 'delete' }))[Symbol.dispose]();
    const database = new Database(file);
    const insert = database.prepare(
      `INSERT INTO links (domain_id, slug, slug_key, destination, redirect_code, forward_query, not_before, expires_at,
         disabled, blocked, version, created_at, updated_at)
       VALUES (1, $slug, lower($slug), $destination, $code, $forward, $from, $to, $disabled, $blocked, 1, $at, $at)`,
    );
    const plain = { code: 302, forward: 0, from: null, to: null, disabled: 0, blocked: 0 };
    const kinds = [
      plain,
      { ...plain, code: 301 },
      { ...plain, forward: 1 },
      { ...plain, from: Date.now() + 3_600_000 },
      { ...plain, to: Date.now() - 1 },
      { ...plain, to: Date.now() + 3_600_000 },
      { ...plain, disabled: 1 },
      { ...plain, blocked: 1, disabled: 1 },
      { ...plain, destination: 'http://10.0.0.1/' },
      { ...plain, destination: 'http://10.0.0.1/', to: 1 },
    ];
    database.transaction(() => {
      for (let at = 0; at < 400; at += 1) {
        const slug = `Link${at}`;
        const destination = `https://example.com/page/${at}`;
        insert.run({ slug, destination, at, ...kinds[at % kinds.length] });
      }
    })();
    database.close();
  });

  afterAll(() => folder[Symbol.dispose]());

  it('follows links of every kind and finds each answered as its row says', async () => {
    const { followed, faults } = await rehearseRedirects(file, given);
    expect(faults).toEqual([]);
    expect(followed).toBeGreaterThan(100);
  });

  it('finds links that the index does not lead to', async () => {
    const damaged = new TestFolder();
    const copy = damaged.file();
    const database = new Database(file);
    await database.backup(copy);
    database.close();
    const broken = new Database(copy);
    broken.exec("UPDATE links SET slug_key = 'x' || slug_key");
    broken.close();
    const { faults } = await rehearseRedirects(copy, given);
    expect(faults[0]).toMatch(/^\/Link0 answers 404 instead of 302 to https:\/\/example\.com/);
    damaged[Symbol.dispose]();
  });

  it('follows nothing where there are no links, and that is no fault', async () => {
    using empty = new TestFolder();
    openWriterSession(writerOptions(empty, { journalMode: 'delete' }))[Symbol.dispose]();
    expect(await rehearseRedirects(empty.file(), given)).toEqual({ followed: 0, faults: [] });
  });
});
