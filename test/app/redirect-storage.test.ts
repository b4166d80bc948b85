import { copyFileSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LinkRef, NewLink } from '../../src/domain/link.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import { openReader, type Reader } from '../../src/storage/reader.ts';
import { type OpenWriter, startWriter } from '../../src/storage/writer.ts';
import { ChangeCounterPosition } from '../support/change-counter.ts';
import { eventually } from '../support/eventually.ts';
import { type RedirectServer, serveRedirects } from '../support/start-redirect-server.ts';
import { DatabaseTemplate, TestFolder, writerOptions } from '../support/test-database.ts';

/** The journals of a node alone and in a fleet, each with the stamp that goes with it. */
const places = ['wal', 'delete'] as const;

const templates = { wal: new DatabaseTemplate('wal'), delete: new DatabaseTemplate('delete') };
let folder: TestFolder;
let reader: Reader;
let writer: OpenWriter;
let server: RedirectServer<unknown>;

beforeEach(() => {
  folder = new TestFolder();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await writer[Symbol.asyncDispose]();
  reader[Symbol.dispose]();
  folder[Symbol.dispose]();
});

afterAll(() => {
  for (const template of Object.values(templates)) template[Symbol.dispose]();
});

describe.each(places)('redirects over a real database, journal %s', (journalMode) => {
  beforeEach(() => start(journalMode));

  it('know a link as soon as its creation is answered, and what becomes of it', async () => {
    expect(await follow('sale')).toBe(404);
    await create({ slug: 'sale', destination: 'https://example.com/1' });
    expect(await follow('sale')).toBe('302 https://example.com/1');
    await update('sale', { destination: 'https://example.com/2', redirectCode: 308 });
    expect(await follow('SALE')).toBe('308 https://example.com/2');
    await update('sale', { disabled: true });
    expect(await follow('sale')).toBe(410);
    await update('sale', { disabled: false, blocked: true });
    expect(await follow('sale')).toBe(451);
    await writer.run('deleteLink', ref('sale'));
    expect(await follow('sale')).toBe(404);
    await create({ slug: 'sale', destination: 'https://example.com/3' });
    expect(await follow('sale')).toBe('302 https://example.com/3');
  });

  it('never answer anything else than the database, whatever is written', async () => {
    const slugs = fc.constantFrom('a', 'B', 'c', 'D');
    const steps = fc.record({
      do: fc.constantFrom('create', 'edit', 'disable', 'delete', 'key', 'look', 'look', 'look'),
      slug: slugs,
      others: fc.array(slugs, { maxLength: 3 }),
    });
    let made = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 30 }), async (history) => {
        for (const { do: action, slug, others } of history) {
          made += 1;
          const destination = `https://example.com/${made}`;
          const known = await reader.links.findLink(1, ref(slug).slugKey);
          if (action === 'look') await look([slug, ...others]);
          else if (action === 'key') await createKey(made);
          else if (known === undefined) await create({ slug, destination });
          else if (action === 'delete') await writer.run('deleteLink', ref(slug));
          else if (action === 'disable') await update(slug, { disabled: !known.disabled });
          else await update(slug, { destination });
        }
      }),
      { numRuns: 30 },
    );
  });

  it('answer hits on known links through a storm of commits, and find each new link at once', async () => {
    await create({ slug: 'known', destination: 'https://example.com/known' });
    const storm = Array.from({ length: 300 }, async (_, at) => {
      await create({ slug: `new${at}`, destination: `https://example.com/${at}` });
      expect(await follow(`new${at}`)).toBe(`302 https://example.com/${at}`);
    });
    let isOver = false;
    const ended = Promise.all(storm).finally(() => {
      isOver = true;
    });
    while (!isOver) expect(await follow('known')).toBe('302 https://example.com/known');
    await ended;
  });

  it('forget everything when the database went back in time', async () => {
    await create({ slug: 'kept', destination: 'https://example.com/kept' });
    await create({ slug: 'edited', destination: 'https://example.com/before' });
    await writer[Symbol.asyncDispose]();
    copyFileSync(folder.file(), folder.file('earlier.db'));
    writer = await startWriter(writerOptions(folder, { journalMode, node: 'a' }));
    await update('edited', { destination: 'https://example.com/after' });
    await create({ slug: 'lost', destination: 'https://example.com/lost' });
    await look(['kept', 'edited', 'lost']);

    await writer[Symbol.asyncDispose]();
    reader.reopen();
    for (const suffix of ['-wal', '-shm']) rmSync(folder.file() + suffix, { force: true });
    copyFileSync(folder.file('earlier.db'), folder.file());
    // The epoch has the same number again; only the node that began it tells the two apart.
    writer = await startWriter(writerOptions(folder, { journalMode, node: 'b' }));
    for (const at of [1, 2, 3])
      await create({ slug: `new${at}`, destination: 'https://example.com/' });
    expect(await follow('kept')).toBe('302 https://example.com/kept');
    expect(await follow('edited')).toBe('302 https://example.com/before');
    expect(await follow('lost')).toBe(404);
  });
});

describe('a locked database', () => {
  it('holds up only what is not in memory, and only until it is free', async () => {
    await start('delete');
    await create({ slug: 'known', destination: 'https://example.com/known' });
    await create({ slug: 'other', destination: 'https://example.com/other' });
    expect(await follow('known')).toBe('302 https://example.com/known');
    const lock = new Database(folder.file());
    lock.exec('BEGIN EXCLUSIVE');
    const other = follow('other');
    await eventually(() => expect(server.redirects.waiting).toBe(1));
    expect(await follow('known')).toBe('302 https://example.com/known');
    expect(server.redirects.waiting).toBe(1);
    lock.exec('COMMIT');
    expect(await other).toBe('302 https://example.com/other');
    lock.close();
  });
});

async function start(journalMode: 'wal' | 'delete'): Promise<void> {
  templates[journalMode].copyTo(folder.file());
  writer = await startWriter(writerOptions(folder, { journalMode, node: 'first' }));
  reader = openReader({ file: folder.file(), timeoutMs: 250 });
  const counter = new ChangeCounterPosition(folder.file());
  server = await serveRedirects({
    store: reader.redirects,
    stamp: () => {
      if (journalMode === 'wal') return reader.dataVersion();
      const position = counter.read();
      return position && `${position.txid}/${position.checksum}`;
    },
  });
}

function ref(slug: string): LinkRef {
  return { domainId: 1, slugKey: slug.toLowerCase() as SlugKey };
}

function create(link: NewLink) {
  return writer.run('createLink', { domainId: 1, link });
}

function update(slug: string, changes: Parameters<typeof writer.run<'updateLink'>>[1]['changes']) {
  return writer.run('updateLink', { ...ref(slug), changes });
}

/** A write that moves the stamp and changes no link. */
function createKey(at: number) {
  return writer.run('createKey', {
    name: 'test',
    prefix: `prefix${at}`,
    secretHash: 'a'.repeat(64),
  });
}

/** What a visitor gets: code and destination, or the status of a problem. */
async function follow(slug: string): Promise<string | number> {
  const response = await server.fetch(`/${slug}`);
  await response.bytes();
  const location = response.headers.get('location');
  return location === null ? response.status : `${response.status} ${location}`;
}

/** Follows links at the same time and compares each with what the database says. */
async function look(slugs: readonly string[]): Promise<void> {
  const found = await Promise.all(slugs.map(follow));
  const expected = slugs.map(async (slug) => {
    const link = await reader.links.findLink(1, ref(slug).slugKey);
    if (link === undefined) return 404;
    return link.disabled ? 410 : `${link.redirectCode} ${link.destination}`;
  });
  expect(found).toEqual(await Promise.all(expected));
}
