import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LiveRestore } from '../../src/app/restore/live-restore.ts';
import { NoRoom } from '../../src/backup/scratch-folder.ts';
import type { Position } from '../../src/domain/position.ts';
import type { Role } from '../../src/domain/role.ts';
import { StagedFiles } from '../../src/storage/staged-files.ts';
import { eventually } from '../support/eventually.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { positionAt } from '../support/fake-mount.ts';
import { silentLog } from '../support/silent-log.ts';
import { TestFolder } from '../support/test-database.ts';

let folder: TestFolder;
/** What was done, in order. */
let done: string[];
/** The epoch of the open writer. */
let epoch: number | undefined;
let at: { links: Position; clicks: Position };
/** What happens when a database is replaced. */
let replace: (database: 'links' | 'clicks') => void;
/** What happens when the databases are copied, and where to. */
let keep: () => void;
let kept: string;
/** What happens when the links are made to go on. */
let carryOver: () => void;
let idleMs: number;
/** How long the look at the disk takes. */
let room: Promise<void>;
let mayWrite: boolean;
let cluster: FakeCluster;
/** Aborted when the term as primary is over. */
let term: AbortController;
let desk: LiveRestore;

const file = { bytes: 5, sha256: createHash('sha256').update('bytes').digest('hex') };
const order = { epoch: 7, links: file, clicks: file };
const primary: Role = { is: 'primary' };

beforeEach(async () => {
  folder = new TestFolder();
  done = [];
  epoch = 7;
  at = { links: positionAt(1), clicks: positionAt(1) };
  replace = () => undefined;
  keep = () => undefined;
  carryOver = () => undefined;
  kept = folder.file('kept');
  mkdirSync(kept);
  idleMs = 60_000;
  room = Promise.resolve();
  mayWrite = true;
  term = new AbortController();
  cluster = new FakeCluster(primary);
  desk = new LiveRestore({
    name: 'go.example.com',
    cluster,
    writers: {
      get epoch() {
        return epoch;
      },
      writer() {
        if (!mayWrite) throw new Error('not sure of its lease');
        return undefined as never;
      },
      async restWhile(work) {
        if (epoch === undefined) return false;
        epoch = undefined;
        done.push('rest');
        try {
          await work(term.signal);
        } finally {
          epoch = 9;
          done.push('resume');
        }
        return true;
      },
    },
    staged: new StagedFiles(folder.file('staged')),
    async expectRoom(bytes) {
      await room;
      if (bytes > 10) throw new NoRoom('the disk is full');
    },
    get idleMs() {
      return idleMs;
    },
    async keep() {
      done.push('keep');
      keep();
      return kept;
    },
    async carryOver(file) {
      expect(file).toBe(folder.file('staged/links.db'));
      done.push('carry over');
      carryOver();
    },
    async replace(database) {
      done.push(database);
      replace(database);
    },
    readPositions: async () => at,
    reopen: () => done.push('reopen'),
    clock: { monotonicMs: () => performance.now() },
    log: silentLog,
  });
  for (const database of ['links', 'clicks'] as const) {
    await desk.add(database, 0, Buffer.from('by'));
    await desk.add(database, 2, Buffer.from('tes'));
  }
});
afterEach(() => folder[Symbol.dispose]());

test('the links come first, while nothing is written, and handles are opened anew before anybody writes', async () => {
  expect(await desk.restore(order)).toMatchObject({ epoch: 9, clicksKept: null, before: kept });
  expect(done).toEqual(['rest', 'keep', 'carry over', 'links', 'clicks', 'reopen', 'resume']);
});

test('without clicks the counts stay', async () => {
  await desk.restore({ epoch: 7, links: file });
  expect(done).toEqual(['rest', 'keep', 'carry over', 'links', 'reopen', 'resume']);
});

test('links that cannot be replaced leave everything as it was, and the clicks alone', async () => {
  replace = () => {
    throw new Error('no room');
  };
  await expect(desk.restore(order)).rejects.toThrow(
    'links.db could not be replaced (no room). Nothing was changed.',
  );
  expect(done).toEqual(['rest', 'keep', 'carry over', 'links', 'resume']);
  expect(existsSync(kept)).toBe(false);
});

test('what cannot be copied is not replaced', async () => {
  keep = () => {
    throw new Error('no room');
  };
  await expect(desk.restore(order)).rejects.toThrow(
    'What is there could not be copied (no room). Nothing was changed.',
  );
  expect(done).toEqual(['rest', 'keep', 'resume']);
});

test('links that cannot go on where those of the node are do not take their place', async () => {
  carryOver = () => {
    throw new Error('no room');
  };
  await expect(desk.restore(order)).rejects.toThrow(
    'What is blocked and revoked could not be carried over (no room). Nothing was changed.',
  );
  expect(done).toEqual(['rest', 'keep', 'carry over', 'resume']);
  expect(existsSync(kept)).toBe(false);
});

test('clicks that cannot be replaced are told, and the links are restored', async () => {
  replace = (database) => {
    if (database === 'clicks') throw new Error('no room');
  };
  expect(await desk.restore(order)).toMatchObject({
    epoch: 9,
    clicksKept: expect.stringContaining('clicks.db could not be replaced (no room)'),
  });
  expect(done.at(-1)).toBe('resume');
});

test('an answer that was lost is no failure where the position shows that it is done', async () => {
  replace = (database) => {
    at = { ...at, [database]: positionAt(2) };
    throw new Error('socket hang up');
  };
  expect(await desk.restore(order)).toMatchObject({ clicksKept: null });
});

test.each([
  [
    'while the links are made to go on',
    'carry over',
    'The lease has gone. Nothing was changed.',
    ['rest', 'keep', 'carry over', 'resume'],
  ],
  [
    'with the links',
    'links',
    'it is there or not',
    ['rest', 'keep', 'carry over', 'links', 'reopen', 'resume'],
  ],
  [
    'with the clicks',
    'clicks',
    'it is there or not',
    ['rest', 'keep', 'carry over', 'links', 'clicks', 'reopen', 'resume'],
  ],
])('a term that ends %s is no success', async (_, when, words, expected) => {
  replace = (database) => {
    if (database === when) term.abort();
  };
  carryOver = () => {
    if (when === 'carry over') term.abort();
  };
  await expect(desk.restore(order)).rejects.toThrow(words);
  expect(done).toEqual(expected);
  expect(existsSync(kept)).toBe(true);
});

test('an answer that is lost with the lease tells nothing', async () => {
  replace = (database) => {
    term.abort();
    at = { ...at, [database]: positionAt(2) };
    throw new Error('socket hang up');
  };
  await expect(desk.restore(order)).rejects.toThrow('it is there or not');
});

const places: readonly (readonly [string, () => void, RegExp])[] = [
  [
    'another epoch',
    () => {
      epoch = 8;
    },
    /made ready for epoch 7, and this is epoch 8/,
  ],
  [
    'a lease that is not sure',
    () => {
      mayWrite = false;
    },
    /not sure of its lease/,
  ],
  [
    'a writer that is not open',
    () => {
      epoch = undefined;
    },
    /takes no writes at the moment/,
  ],
  [
    'a replica',
    () => {
      epoch = undefined;
      cluster.become({ is: 'replica', primary: 'b' });
    },
    /primary/,
  ],
];

test.each(places)('%s is no place to restore into', async (_, happen, words) => {
  happen();
  await expect(desk.restore(order)).rejects.toThrow(words);
  expect(done).toEqual([]);
});

test('files without room are refused with their first piece', async () => {
  const bytes = Buffer.from('by');
  await expect(desk.add('links', 0, bytes, 11)).rejects.toThrow(
    'No room: the disk is full. Nothing was changed.',
  );
  await desk.add('links', 0, bytes, 10);
});

test('files that fill the disk are thrown away at once', async () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
  });
  using _ = vi.spyOn(StagedFiles.prototype, 'add').mockRejectedValueOnce(full);
  await expect(desk.add('links', 5, Buffer.from('more'))).rejects.toThrow(
    'No room: the disk of me is full. Nothing was changed.',
  );
  expect(existsSync(folder.file('staged'))).toBe(false);
});

test('what nobody adds to is thrown away', async () => {
  expect(existsSync(folder.file('staged'))).toBe(true);
  idleMs = 20;
  await desk.add('links', 5, Buffer.from('more'));
  await eventually(() => expect(existsSync(folder.file('staged'))).toBe(false));
  await expect(desk.restore(order)).rejects.toThrow('has 0 bytes');
});

test('one at a time, and files are not changed under it', async () => {
  const first = desk.restore(order);
  await expect(desk.restore(order)).rejects.toThrow('being restored already');
  await expect(desk.add('links', 5, Buffer.from('more'))).rejects.toThrow('being restored already');
  await first;
  // What was used is gone.
  await expect(desk.restore({ ...order, epoch: 9 })).rejects.toThrow('has 0 bytes');
});

test('while a piece of other files is being written nothing is put in place', async () => {
  const looked = Promise.withResolvers<void>();
  room = looked.promise;
  const adding = desk.add('links', 0, Buffer.from('other'), 5);
  keep = looked.resolve;
  await expect(desk.restore(order)).rejects.toThrow('being restored already');
  looked.resolve();
  await adding;
  await expect(desk.restore(order)).rejects.toThrow('is not the one that was announced');
  expect(done).toEqual([]);
});

test('files that cannot be removed afterwards make no failure of it, and do not keep the next one away', async () => {
  using _ = vi.spyOn(StagedFiles.prototype, 'discard').mockRejectedValueOnce(new Error('EIO'));
  expect(await desk.restore(order)).toMatchObject({ epoch: 9 });
  expect(await desk.restore({ ...order, epoch: 9 })).toMatchObject({ epoch: 9 });
});
