import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allLinksId, toHour } from '../../src/domain/click.ts';
import type { ClickWriter, Writer } from '../../src/domain/writer.ts';
import { openClickReader } from '../../src/storage/click-reader.ts';
import type { MailboxLimits } from '../../src/storage/threaded-writer.ts';
import { type OpenWriter, startWriter } from '../../src/storage/writer.ts';
import type { WriterOptions } from '../../src/storage/writer-options.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';
import { ChangeCounterPosition } from '../support/change-counter.ts';
import { plantMigrations } from '../support/planted-migrations.ts';
import { sealBatch, someProducer, someTimeMs } from '../support/sealed-batch.ts';
import { TestFolder, writerOptions } from '../support/test-database.ts';

const withPosition = new URL('../support/writer-thread-with-position.ts', import.meta.url);
const alone = new URL('../../src/storage/writer-thread.ts', import.meta.url);
const hour = toHour(someTimeMs);
const range = { fromHour: hour, toHour: hour + 1 };

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder[Symbol.dispose]());

function start(
  given: Partial<MailboxLimits & WriterOptions> = {},
  program = alone,
): Promise<OpenWriter> {
  const options = { ...writerOptions(folder, { journalMode: 'delete' }), ...given };
  return startWriter(options, () => new Worker(program));
}

/** A batch of one click. */
function batch(seq: number, linkId = 7): Uint8Array {
  return sealBatch({ seq, clicksBefore: seq - 1, ticks: [{ clicks: [{ linkId }] }] });
}

function merge(writer: ClickWriter, ...batches: readonly Uint8Array[]) {
  return writer.count('mergeClicks', {
    batches: batches.map((bytes) => ({ bytes })),
    nowMs: someTimeMs,
    datedForMs: 86_400_000,
  });
}

function create(writer: Writer) {
  return writer.run('createLink', { domainId: 1, link: { destination: 'https://example.com/' } });
}

function totals(): unknown[] {
  const database = new Database(folder.file('clicks.db'), { readonly: true });
  const found = database
    .prepare('SELECT link_id, clicks FROM click_totals ORDER BY link_id')
    .raw()
    .all();
  database.close();
  return found;
}

const unavailable = expect.objectContaining({
  name: 'Failure',
  kind: 'unavailable',
  details: { retryAfterS: 1 },
});

test('a merge is answered with its outcomes, the epoch and the position of clicks.db', async () => {
  await using writer = await start({}, withPosition);
  const first = await merge(writer, batch(1), batch(3), batch(2));
  expect(first.value).toEqual([
    { is: 'merged', cursor: expect.objectContaining({ seq: 1, clicks: 1, isComplete: true }) },
    { is: 'gap', producer: someProducer, expected: 2, clicks: 1 },
    { is: 'gap', producer: someProducer, expected: 2, clicks: 1 },
  ]);
  expect(first.epoch).toBe(writer.opened.epoch);
  const counter = new ChangeCounterPosition(folder.file('clicks.db'));
  expect(first.position).toEqual(counter.read());
  const links = new ChangeCounterPosition(folder.file());
  const before = links.read();
  const second = await merge(writer, batch(2));
  expect(second.position).toEqual(counter.read());
  expect(second.position?.txid).not.toBe(first.position?.txid);
  // Nothing of clicks moves the position that redirects go by.
  expect(links.read()).toEqual(before);
  expect(totals()).toEqual([
    [allLinksId, 2],
    [7, 2],
  ]);
});

test('what was counted before changes nothing, and moves no position', async () => {
  await using writer = await start({}, withPosition);
  const { position } = await merge(writer, batch(1));
  const again = await merge(writer, batch(1));
  expect(again.value).toMatchObject([{ is: 'merged', cursor: { seq: 1 } }]);
  expect(again.position).toEqual(position);
  expect((await merge(writer)).position).toEqual(position);
  expect(totals()).toEqual([
    [allLinksId, 1],
    [7, 1],
  ]);
});

test('each merge that waits is a transaction of its own', async () => {
  await using writer = await start({}, withPosition);
  const merged = await Promise.all([1, 2, 3, 4].map((seq) => merge(writer, batch(seq))));
  expect(new Set(merged.map(({ position }) => position?.txid)).size).toBe(4);
});

test('a reader on the same machine sees a merge as soon as it is answered', async () => {
  await using writer = await start();
  using reader = openClickReader({ file: folder.file('clicks.db'), timeoutMs: 1_000 });
  expect(await reader.listTopLinks(range, 'all', 5)).toEqual([]);
  for (let seq = 1; seq <= 20; seq += 1) {
    await merge(writer, batch(seq));
    expect(await reader.listBuckets(7, range)).toMatchObject([{ hour, clicks: seq }]);
    expect((await reader.findTotals([7])).get(7)).toMatchObject({ clicks: seq });
    expect(await reader.findCursor(someProducer)).toMatchObject({ seq });
  }
});

test('folding is a command too', async () => {
  await using writer = await start();
  using reader = openClickReader({ file: folder.file('clicks.db'), timeoutMs: 1_000 });
  await merge(writer, batch(1));
  const { value } = await writer.count('foldClicks', { beforeHour: hour + 24 });
  expect(value).toEqual({ isDone: true });
  expect(await reader.listBuckets(7, range)).toMatchObject([{ hour, hours: 24, clicks: 1 }]);
});

describe('the bytes of batches', () => {
  test('stay with whoever gave them, who can ask again with them', async () => {
    await using writer = await start();
    const bytes = batch(1);
    const before = Buffer.from(bytes).toString('hex');
    await merge(writer, bytes);
    expect(bytes.byteLength).toBeGreaterThan(0);
    expect(Buffer.from(bytes).toString('hex')).toBe(before);
  });

  test('are copied alone, not with the buffer that they are a part of', async () => {
    const posted: { message: unknown; transfer: readonly ArrayBuffer[] }[] = [];
    const sizes: number[] = [];
    const options = writerOptions(folder, { journalMode: 'delete' });
    await using writer = await startWriter(options, () => {
      const worker = new Worker(alone);
      const post = worker.postMessage.bind(worker);
      worker.postMessage = (message: unknown, transfer) => {
        posted.push({ message, transfer: (transfer ?? []) as readonly ArrayBuffer[] });
        for (const buffer of posted.at(-1)?.transfer ?? []) sizes.push(buffer.byteLength);
        post(message, transfer);
      };
      return worker;
    });
    const body = Buffer.alloc(1_000_000);
    const bytes = batch(1);
    body.set(bytes, 500_000);
    const part = body.subarray(500_000, 500_000 + bytes.length);
    expect((await merge(writer, part)).value).toMatchObject([{ is: 'merged' }]);
    expect(sizes).toEqual([bytes.length]);
    // Given away rather than copied once more.
    expect(posted.at(-1)?.transfer.map(({ byteLength }) => byteLength)).toEqual([0]);
  });

  test('that are none are answered, and so is what comes next', async () => {
    await using writer = await start();
    const { value } = await merge(writer, Buffer.from('no batch'), batch(1));
    expect(value).toMatchObject([{ is: 'invalid' }, { is: 'merged' }]);
  });

  test('of an input that is not plain data are a defect of its own', async () => {
    await using writer = await start();
    const broken = writer.count('mergeClicks', { batches: [], nowMs: (() => 1) as never } as never);
    await expect(broken).rejects.toMatchObject({ name: 'DataCloneError' });
    await expect(writer.count('mergeClicks', { batches: 7 } as never)).rejects.toThrow(TypeError);
    expect((await merge(writer, batch(1))).value).toMatchObject([{ is: 'merged' }]);
  });
});

describe('links and clicks', () => {
  /** Notes the order in which commands are answered. */
  function note(done: string[], name: string, answered: Promise<unknown>): Promise<unknown> {
    return answered.then(() => done.push(name));
  }

  test('take turns, so that a backlog of merges delays a link by one merge', async () => {
    await using writer = await start();
    const done: string[] = [];
    const merges = [1, 2, 3, 4, 5, 6].map((seq) =>
      note(done, `merge ${seq}`, merge(writer, batch(seq))),
    );
    const links = [1, 2].map((n) => note(done, `link ${n}`, create(writer)));
    await Promise.all([...merges, ...links]);
    expect(done.slice(0, 4)).toEqual(['merge 1', 'link 1', 'link 2', 'merge 2']);
    expect(done).toHaveLength(8);
  });

  test('take turns, so that a storm of links delays a merge by one transaction', async () => {
    await using writer = await start();
    const done: string[] = [];
    const links = Array.from({ length: 400 }, (_, n) => note(done, `link ${n}`, create(writer)));
    const merged = note(done, 'merge', merge(writer, batch(1)));
    await Promise.all([...links, merged]);
    // The first link goes alone, at once.
    expect(done.indexOf('merge')).toBe(1);
  });

  test('have mailboxes of their own, which are full by themselves', async () => {
    await using writer = await start({ mailboxSize: 2, clickMailboxSize: 1 });
    const merges = [1, 2, 3].map((seq) => merge(writer, batch(seq)));
    const links = [1, 2, 3].map(() => create(writer));
    const results = await Promise.allSettled([...merges, ...links]);
    // One merge runs, one waits; two links wait.
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toEqual(unavailable);
    }
  });

  test('are drained both when the writer closes', async () => {
    const writer = await start();
    const waiting = [1, 2, 3].map((seq) => merge(writer, batch(seq)));
    const links = [create(writer), create(writer)];
    await writer[Symbol.asyncDispose]();
    await Promise.all([...waiting, ...links]);
    await expect(merge(writer, batch(4))).rejects.toEqual(unavailable);
    expect(totals()).toEqual([
      [allLinksId, 3],
      [7, 3],
    ]);
  });
});

test('a writer that finds the position of clicks.db moved by another ends and counts nothing', async () => {
  await using writer = await start({}, withPosition);
  await merge(writer, batch(1));
  const other = new Database(folder.file('clicks.db'));
  other.prepare('UPDATE click_totals SET undated = 1').run();
  other.close();
  const results = await Promise.allSettled([merge(writer, batch(2)), create(writer)]);
  expect(results).toEqual(Array(2).fill({ status: 'rejected', reason: unavailable }));
  await expect(writer.ended).resolves.toMatchObject({ name: 'Superseded' });
  expect(totals()).toEqual([
    [allLinksId, 1],
    [7, 1],
  ]);
});

test('two sessions by turns count each batch once, whoever comes with it', () => {
  const options = writerOptions(folder);
  using first = openWriterSession(options);
  using second = openWriterSession(options);
  const run = (session: typeof first, seq: number) =>
    session.counts.run([
      {
        name: 'mergeClicks',
        input: { batches: [{ bytes: batch(seq) }], nowMs: someTimeMs, datedForMs: 86_400_000 },
      },
    ]).outcomes;
  for (let seq = 1; seq <= 6; seq += 1) {
    expect(run(seq % 2 === 0 ? first : second, seq)).toMatchObject([{ value: [{ is: 'merged' }] }]);
    expect(run(seq % 3 === 0 ? first : second, seq)).toMatchObject([{ value: [{ is: 'merged' }] }]);
  }
  expect(totals()).toEqual([
    [allLinksId, 6],
    [7, 6],
  ]);
});

describe('clicks.db keeps the writer closed', () => {
  test('when a migration of it fails, and no epoch begins', async () => {
    const text = '-- migrate:up\nNONSENSE;\n-- migrate:down\n';
    const migrationsDir = plantMigrations(folder, { '0001_bad.sql': text });
    const clicks = { file: folder.file('clicks.db'), migrationsDir };
    await expect(start({ clicks })).rejects.toMatchObject({
      name: 'MigrationError',
      place: { file: '0001_bad.sql' },
    });
    await using writer = await start();
    expect(writer.opened.epoch).toBe(1);
  });

  test('when it is no database', async () => {
    const clicks = { ...writerOptions(folder).clicks, file: folder.path };
    await expect(start({ clicks })).rejects.toThrow('unable to open database file');
  });

  test('when it is in WAL mode on a mount', async () => {
    await (await start({ journalMode: 'wal' }))[Symbol.asyncDispose]();
    new Database(folder.file()).exec('PRAGMA journal_mode = DELETE').close();
    await expect(start()).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('clicks.db is in WAL mode'),
    });
  });
});
