import { copyFileSync, readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/failure.ts';
import { packPieces, unpackPieces } from '../../src/domain/pieces.ts';
import type { SlugKey } from '../../src/domain/slug.ts';
import type { Writer } from '../../src/domain/writer.ts';
import { openReader } from '../../src/storage/reader.ts';
import type { MailboxLimits } from '../../src/storage/threaded-writer.ts';
import { startWriter } from '../../src/storage/writer.ts';
import type { WriterOptions } from '../../src/storage/writer-options.ts';
import { ChangeCounterPosition } from '../support/change-counter.ts';
import { eventually } from '../support/eventually.ts';
import { plantMigrations } from '../support/planted-migrations.ts';
import { readColumn } from '../support/read-column.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

const withPosition = new URL('../support/writer-thread-with-position.ts', import.meta.url);
const alone = new URL('../../src/storage/writer-thread.ts', import.meta.url);

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder[Symbol.dispose]());

/** Starts a writer in DELETE mode, and gives its thread too. */
async function start(given: Partial<MailboxLimits & WriterOptions> = {}, program = alone) {
  const workers: Worker[] = [];
  const writer = await startWriter(
    { ...writerOptions(folder, { journalMode: 'delete' }), ...given },
    () => {
      const worker = new Worker(program);
      workers.push(worker);
      return worker;
    },
  );
  return { writer, worker: workers[0] as Worker };
}

function create(writer: Writer, slug?: string) {
  const link = { destination: 'https://example.com/', slug };
  return writer.run('createLink', { domainId: 1, link });
}

const createMany = (writer: Writer, count: number) =>
  Array.from({ length: count }, () => create(writer));

/** The slugs that are in the file. */
const slugs = () => readColumn<string>(folder.file(), 'SELECT slug FROM links');

const unavailable = expect.objectContaining({
  name: 'Failure',
  kind: 'unavailable',
  details: { retryAfterS: 1 },
});

test('a command is answered with its value, the epoch and the position of its commit', async () => {
  const { writer } = await start({}, withPosition);
  await using _ = writer;
  const first = await create(writer, 'Sale');
  expect(first.value.link).toMatchObject({ slug: 'Sale', slugKey: 'sale', version: 1 });
  expect(first.epoch).toBe(writer.opened.epoch);
  expect(first.epochTag).toBe(writer.opened.epochTag);
  expect(first.durability).toBe('local');
  const second = await create(writer);
  const [opened, ...after] = [writer.opened.position, first.position, second.position].map(
    (position) => Number.parseInt(position?.txid ?? '', 16),
  );
  expect(after).toEqual([(opened ?? 0) + 1, (opened ?? 0) + 2]);
});

test.runIf(process.platform === 'linux')(
  'its thread lets others go first, and no other does',
  async () => {
    const countYielding = () => readdirSync('/proc/self/task').filter(isYielding).length;
    const before = countYielding();
    {
      await using _ = (await start()).writer;
      expect(countYielding()).toBe(before + 1);
    }
    await eventually(() => expect(countYielding()).toBe(before));
  },
);

/** Whether a thread of this process has a lower priority than usual. */
function isYielding(thread: string): boolean {
  try {
    return getPriority(Number(thread)) > getPriority(process.pid);
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

test('every command of the domain runs in the thread', async () => {
  const { writer } = await start();
  await using _ = writer;
  const { link } = (await create(writer, 'sale')).value;
  const ref = { domainId: 1, slugKey: link.slugKey };
  const updated = await writer.run('updateLink', { ...ref, changes: { title: 'Sale' } });
  expect(updated.value).toMatchObject({ id: link.id, title: 'Sale', version: 2 });
  expect((await writer.run('deleteLink', ref)).value.id).toBe(link.id);
  const { value: key } = await writer.run('createKey', {
    name: 'ci',
    prefix: 'abcdefghij',
    secretHash: 'c'.repeat(64),
  });
  expect(key).toMatchObject({ name: 'ci', revokedAt: null });
  expect((await writer.run('revokeKey', key.id)).value.revokedAt).toBeGreaterThan(0);
});

test.each([
  // The first goes at once, before the others have come.
  ['1, 100 and 1', 102],
  ['1, 100 and 100', 201],
])('commands that wait share transactions of at most a hundred: %s', async (_, count) => {
  const { writer } = await start();
  const counter = new ChangeCounterPosition(folder.file());
  const before = counter.commits();
  await Promise.all(createMany(writer, count));
  expect(counter.commits() - before).toBe(3);
  await writer[Symbol.asyncDispose]();
  expect(slugs()).toHaveLength(count);
});

test('many links in one command have a transaction to themselves, in their turn', async () => {
  const { writer } = await start();
  const counter = new ChangeCounterPosition(folder.file());
  const before = counter.commits();
  const rows = packPieces(
    Array.from({ length: 300 }, (_, index) => ({
      index,
      link: {
        destination: 'https://example.com/',
        slug: index === 299 ? 'many-0' : `many-${index}`,
      },
    })),
  );
  const input = { domainId: 1, rows, isAtomic: false };
  const bulk = () => writer.run('createLinks', { ...input, rows: rows.map((row) => row.slice()) });
  const [, , first, second] = await Promise.all([
    create(writer),
    create(writer),
    bulk(),
    bulk(),
    create(writer, 'many-0').catch(() => undefined),
    create(writer),
  ]);
  expect(first.value).toMatchObject({ created: 299, failed: 1, repeated: false });
  expect(second.value).toMatchObject({ created: 0, failed: 300 });
  expect(unpackPieces(first.value.outcomes)[299]).toMatchObject({
    index: 299,
    failure: { kind: 'conflict', errors: [{ pointer: '/slug' }] },
  });
  // One at once, one that waited, the first bulk, nothing for the second, and what came behind it.
  expect(counter.commits() - before).toBe(4);
  await writer[Symbol.asyncDispose]();
  expect(slugs()).toHaveLength(302);
});

test('failures cross the thread whole', async () => {
  const { writer } = await start();
  await using _ = writer;
  await create(writer, 'sale');
  const [taken, fine] = await Promise.allSettled([create(writer, 'SALE'), create(writer)]);
  expect(fine.status).toBe('fulfilled');
  const { reason } = taken as PromiseRejectedResult;
  expect(reason).toBeInstanceOf(Failure);
  expect(reason).toMatchObject({
    kind: 'conflict',
    message: 'The slug "SALE" is taken.',
    details: { errors: [{ pointer: '/slug', detail: 'The slug "SALE" is taken.' }] },
    stack: expect.stringContaining('links.ts'),
  });
});

test('a defect ends its own command alone, and arrives with its stack', async () => {
  const { writer } = await start();
  await using _ = writer;
  const [defect, fine] = await Promise.allSettled([
    writer.run('updateLink', null as never),
    create(writer),
  ]);
  const { reason } = defect as PromiseRejectedResult;
  expect(reason).not.toBeInstanceOf(Failure);
  expect(reason).toMatchObject({ name: 'TypeError', stack: expect.stringContaining('links.ts') });
  expect(fine.status).toBe('fulfilled');
});

test('an input that cannot cross the thread is rejected, and what comes next is not', async () => {
  const { writer } = await start();
  await using _ = writer;
  await expect(writer.run('revokeKey', (() => 1) as never)).rejects.toMatchObject({
    name: 'DataCloneError',
  });
  await create(writer, 'next');
  expect(slugs()).toEqual(['next']);
});

describe('the mailbox', () => {
  test('refuses what comes when it is full, and serves what waits', async () => {
    const { writer } = await start({ mailboxSize: 3 });
    const results = await Promise.allSettled(createMany(writer, 6));
    // One runs, three wait.
    expect(results.map(({ status }) => status)).toEqual([
      ...Array(4).fill('fulfilled'),
      ...Array(2).fill('rejected'),
    ]);
    expect(results[5]).toMatchObject({ reason: unavailable });
    await create(writer);
    await writer[Symbol.asyncDispose]();
    expect(slugs()).toHaveLength(5);
  });
});

test('a thread that is stuck keeps nobody waiting, and goes on when it can', async () => {
  const { writer } = await start({ answerTimeoutMs: 20 });
  const other = new Database(folder.file());
  other.exec('BEGIN IMMEDIATE');
  const results = await Promise.allSettled(createMany(writer, 3));
  expect(results).toEqual(Array(3).fill({ status: 'rejected', reason: unavailable }));
  expect(results[0]).toMatchObject({ reason: { message: expect.stringContaining('not known') } });
  expect(results[1]).toMatchObject({ reason: { message: expect.stringContaining('Nothing was') } });
  other.close();
  await eventually(() => create(writer));
  await writer[Symbol.asyncDispose]();
});

describe('closing', () => {
  test('drains what waits and takes nothing more', async () => {
    const { writer } = await start();
    const waiting = createMany(writer, 300);
    const closed = writer[Symbol.asyncDispose]();
    await expect(create(writer)).rejects.toEqual(unavailable);
    await closed;
    await Promise.all(waiting);
    expect(slugs()).toHaveLength(300);
    await expect(writer.ended).resolves.toBeUndefined();
    await expect(create(writer)).rejects.toEqual(unavailable);
    await writer[Symbol.asyncDispose]();
  });

  test('is bounded: what cannot be drained is answered', async () => {
    const { writer } = await start({ drainTimeoutMs: 20 });
    const other = new Database(folder.file());
    other.exec('BEGIN IMMEDIATE');
    const waiting = Promise.allSettled(createMany(writer, 3));
    await writer[Symbol.asyncDispose]();
    const results = await waiting;
    expect(results).toEqual(Array(3).fill({ status: 'rejected', reason: unavailable }));
    await expect(writer.ended).resolves.toBeUndefined();
    other.close();
    expect(slugs()).toEqual([]);
  });

  test('leaves all in the file of the database, also while somebody reads it', async () => {
    const { writer } = await start({ journalMode: 'wal' });
    using reader = openReader({ file: folder.file(), timeoutMs: 250 });
    await create(writer, 'sale');
    await reader.schemaVersion();
    await writer[Symbol.asyncDispose]();
    copyFileSync(folder.file(), folder.file('copy.db'));
    expect(readColumn(folder.file('copy.db'), 'SELECT slug FROM links')).toEqual(['sale']);
  });

  test('leaves no lock, journal or thread', async () => {
    const { writer } = await start();
    await create(writer);
    await writer[Symbol.asyncDispose]();
    const other = new Database(folder.file(), { timeout: 0 });
    other.exec('BEGIN EXCLUSIVE; COMMIT');
    other.close();
  });
});

test('a thread that dies under load answers everything, and says that it ended', async () => {
  const { writer, worker } = await start();
  const running = createMany(writer, 900);
  await running[150];
  void worker.terminate();
  const results = await Promise.allSettled(running);
  await expect(writer.ended).resolves.toBeInstanceOf(Error);
  const created = results.filter((result) => result.status === 'fulfilled');
  const refused = results.filter((result) => result.status === 'rejected');
  expect(created.length).toBeGreaterThan(150);
  expect(refused.length).toBeGreaterThan(0);
  for (const { reason } of refused) expect(reason).toEqual(unavailable);
  expect(slugs()).toEqual(expect.arrayContaining(created.map((r) => r.value.value.link.slug)));
  await expect(create(writer)).rejects.toEqual(unavailable);
  await writer[Symbol.asyncDispose]();
});

test('a writer that finds the position moved by another ends itself and changes nothing', async () => {
  const { writer } = await start({}, withPosition);
  await create(writer, 'mine');
  const other = new Database(folder.file());
  other.prepare(`UPDATE links SET title = 'theirs'`).run();
  other.close();
  const results = await Promise.allSettled([create(writer, 'a'), create(writer, 'b')]);
  expect(results).toEqual(Array(2).fill({ status: 'rejected', reason: unavailable }));
  await expect(writer.ended).resolves.toMatchObject({ name: 'Superseded' });
  expect(slugs()).toEqual(['mine']);
  await writer[Symbol.asyncDispose]();
});

describe('a writer that cannot open', () => {
  test('names the failing migration, and has ended', async () => {
    const text = '-- migrate:up\nNONSENSE;\n-- migrate:down\n';
    const migrationsDir = plantMigrations(folder, { '0001_bad.sql': text });
    await expect(start({ migrationsDir })).rejects.toMatchObject({
      name: 'MigrationError',
      place: { file: '0001_bad.sql', statement: { number: 1, line: 2, sql: 'NONSENSE;' } },
      message: expect.stringContaining('0001_bad.sql, statement 1 (line 2): '),
    });
    await (await start()).writer[Symbol.asyncDispose]();
  });

  test('passes the conflict of a configuration', async () => {
    await (await start({ journalMode: 'wal' })).writer[Symbol.asyncDispose]();
    await expect(start()).rejects.toMatchObject({ name: 'Failure', kind: 'conflict' });
  });

  test('says so when its thread dies', async () => {
    const died = start({}, new URL('data:text/javascript,process.exit(7)'));
    await expect(died).rejects.toThrow('the writer thread ended before it was open');
  });
});

test('two writers in a row see one history', async () => {
  const first = (await start()).writer;
  const { value } = await create(first, 'sale');
  await first[Symbol.asyncDispose]();
  const second = (await start()).writer;
  await using _ = second;
  expect(second.opened.epoch).toBe(first.opened.epoch + 1);
  const ref = { domainId: 1, slugKey: 'sale' as SlugKey };
  expect((await second.run('deleteLink', ref)).value).toEqual(value.link);
});
