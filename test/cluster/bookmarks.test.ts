import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAskNobody } from '../../src/cluster/ask-fleet.ts';
import {
  type BookmarksOptions,
  createBookmarks,
  type NodeBookmarks,
} from '../../src/cluster/bookmarks.ts';
import { createOwnHistory } from '../../src/cluster/own-history.ts';
import type { Bookmark } from '../../src/domain/bookmark.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { positionAt } from '../support/fake-mount.ts';

const replica = { is: 'replica', primary: 'p' } as const;
const mayWait = { mayWait: true };

function at(txid: number, epoch = 1, epochTag = `${epoch}`.padStart(8, '0')): Bookmark {
  return { epoch, epochTag, txid: positionAt(txid).txid };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a read with a bookmark', () => {
  let cluster: FakeCluster;
  let clock: FakeClock;
  let bookmarks: NodeBookmarks;
  let commitListeners: Set<() => void>;
  let tags: Map<number, string>;
  let reads: number;
  /** So many reads of the database find it busy. */
  let busyReads: number;

  beforeEach(() => {
    cluster = new FakeCluster(replica);
    cluster.at = positionAt(5);
    clock = fakeClock();
    commitListeners = new Set();
    tags = new Map([[1, '00000001']]);
    reads = 0;
    busyReads = 0;
    use();
  });

  afterEach(async () => {
    await pass(2000);
    expect(bookmarks.waiting).toBe(0);
    expect(vi.getTimerCount(), 'timers that are left').toBe(0);
    expect(commitListeners.size + cluster.listeners, 'listeners that are left').toBe(0);
  });

  function use(options: Partial<BookmarksOptions> = {}): void {
    bookmarks = createBookmarks({
      cluster,
      keys: [Buffer.from('key')],
      ownHistory: createOwnHistory({
        cluster,
        readEpochs() {
          reads += 1;
          if (reads <= busyReads) return undefined;
          return { newest: Math.max(...tags.keys()), tags };
        },
      }),
      onCommit(listener) {
        commitListeners.add(listener);
        return () => commitListeners.delete(listener);
      },
      askFleet: createAskNobody(cluster),
      clock,
      ...options,
    });
  }

  async function pass(ms: number): Promise<void> {
    for (let step = 0; step < ms; step += 5) {
      clock.advance(5);
      await vi.advanceTimersByTimeAsync(5);
    }
  }

  /** A transaction comes in, with a word of it. */
  async function commit(txid: number): Promise<void> {
    cluster.at = positionAt(txid);
    for (const listener of [...commitListeners]) listener();
    await vi.advanceTimersByTimeAsync(0);
  }

  function prepare(bookmark: Bookmark): { decision: string | undefined } {
    const read: { decision: string | undefined } = { decision: undefined };
    void bookmarks.prepareRead(bookmark, mayWait).then((decision) => {
      read.decision = decision;
    });
    return read;
  }

  it('is served at once where the write is', async () => {
    expect(await bookmarks.prepareRead(at(5), mayWait)).toBe('serve');
    expect(await bookmarks.prepareRead(at(4), mayWait)).toBe('serve');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for the write, and is served with the transaction that brings it', async () => {
    const read = prepare(at(7));
    await pass(100);
    await commit(6);
    expect(read.decision).toBeUndefined();
    await commit(7);
    expect(read.decision).toBe('serve');
  });

  it('is served soon when nobody tells of the transaction', async () => {
    const read = prepare(at(7));
    await pass(100);
    cluster.at = positionAt(7);
    await pass(25);
    expect(read.decision).toBe('serve');
  });

  it('goes to the primary after a second, not before', async () => {
    const read = prepare(at(7));
    await pass(995);
    expect(read.decision).toBeUndefined();
    await pass(30);
    expect(read.decision).toBe('replay');
  });

  it('goes to the primary at once when it has waited elsewhere before', async () => {
    expect(await bookmarks.prepareRead(at(7), { mayWait: false })).toBe('replay');
  });

  it('never waits for an epoch that is lost, nor is it served beside it', async () => {
    tags.set(2, '0000000b');
    expect(await bookmarks.prepareRead(at(9, 2, '0000000a'), mayWait)).toBe('replay');
    expect(await bookmarks.prepareRead(at(3, 2, '0000000a'), mayWait)).toBe('replay');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits no longer once the epoch turns out to be lost', async () => {
    const read = prepare(at(9, 2, '0000000a'));
    tags.set(2, '0000000b');
    await commit(6);
    expect(read.decision).toBe('replay');
  });

  it('is served by the primary whatever it says', async () => {
    cluster.become({ is: 'primary' });
    for (const bookmark of [at(5), at(99), at(1, 9), at(1, 1, 'ffffffff')]) {
      expect(await bookmarks.prepareRead(bookmark, mayWait)).toBe('serve');
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is served by a node that becomes primary meanwhile', async () => {
    const read = prepare(at(7));
    cluster.become({ is: 'primary' });
    await vi.advanceTimersByTimeAsync(0);
    expect(read.decision).toBe('serve');
  });

  it('is served alone, where there are no positions', async () => {
    cluster.become({ is: 'primary' });
    cluster.at = undefined;
    expect(await bookmarks.own()).toBeUndefined();
    expect(await bookmarks.prepareRead(at(0), mayWait)).toBe('serve');
    expect(await bookmarks.tellStanding(at(0), 0)).toMatchObject({ standing: 'unknown' });
  });

  it('costs a look at the database for each position and no more, however many wait', async () => {
    use({ maxWaiters: 100 });
    const all = Array.from({ length: 5_000 }, () => prepare(at(99)));
    await vi.advanceTimersByTimeAsync(0);
    expect(bookmarks.waiting).toBe(100);
    expect(all.filter(({ decision }) => decision === 'replay')).toHaveLength(4_900);
    expect(vi.getTimerCount()).toBe(1);
    expect(commitListeners.size).toBe(1);
    expect(reads).toBe(1);
    await commit(6);
    expect(reads).toBe(2);
    await pass(1100);
    expect(all.every(({ decision }) => decision === 'replay')).toBe(true);
    expect(reads).toBe(2);
  });

  it('tells another node at once where this one stands, or after waiting as long as it is asked to', async () => {
    expect(await bookmarks.tellStanding(at(5), 0)).toEqual({
      standing: 'reached',
      isPrimary: false,
    });
    expect(await bookmarks.tellStanding(at(7), 0)).toMatchObject({ standing: 'behind' });
    const told = bookmarks.tellStanding(at(7), 5000);
    await pass(4000);
    await commit(7);
    expect(await told).toMatchObject({ standing: 'reached' });
  });

  it('lets this node take its time as the others do when the fleet is asked', async () => {
    use({
      askFleet: async (_bookmark, _waitMs, tellOwn) => {
        const { standing } = await tellOwn();
        return {
          nodes: [{ node: 'me', region: 'ams', reached: standing === 'reached' }],
          lost: null,
        };
      },
    });
    const told = bookmarks.askFleet(at(7), 5000);
    await pass(4000);
    await commit(7);
    expect(await told).toMatchObject({ nodes: [{ reached: true }] });
    expect(await bookmarks.askFleet(at(8), 0)).toMatchObject({ nodes: [{ reached: false }] });
  });

  it('is judged by a primary that is busy writing, as soon as it can be', async () => {
    busyReads = 3;
    cluster.become({ is: 'primary' });
    expect(await bookmarks.tellStanding(at(5), 0)).toMatchObject({ standing: 'reached' });
    cluster.at = positionAt(6);
    busyReads = reads + 3;
    expect(await bookmarks.own()).toEqual(at(6));
    cluster.at = positionAt(7);
    busyReads = Number.POSITIVE_INFINITY;
    const told = bookmarks.tellStanding(at(5), 0);
    clock.advance(250);
    expect(await told).toMatchObject({ standing: 'unknown' });
  });

  it('waits while the copy of a replica is busy', async () => {
    busyReads = 3;
    const read = prepare(at(5));
    await pass(100);
    expect(read.decision).toBe('serve');
  });

  it('can be made of what this node has', async () => {
    tags.set(2, '0000000b');
    expect(await bookmarks.own()).toEqual(at(5, 2, '0000000b'));
    cluster.at = undefined;
    expect(await bookmarks.own()).toBeUndefined();
  });
});
