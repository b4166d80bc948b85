import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CatchUpOptions, createCatchUp } from '../../src/cluster/catch-up.ts';
import { createOwnHistory } from '../../src/cluster/own-history.ts';
import type { CatchUp } from '../../src/domain/cluster.ts';
import type { Progress } from '../../src/domain/position.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { positionAt } from '../support/fake-mount.ts';

const progressAt = (epoch: number, txid: number): Progress => ({
  epoch,
  txid: positionAt(txid).txid,
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('catching up', () => {
  let cluster: FakeCluster;
  let clock: FakeClock;
  let catchUp: CatchUp;
  let questions: { to: string; answer: (progress?: Progress) => void; signal: AbortSignal }[];
  let epoch: number | undefined;
  let epochReads: number;
  let writerState: { isOpen: boolean };
  let commitListeners: Set<() => void>;

  beforeEach(() => {
    cluster = new FakeCluster({ is: 'replica', primary: 'p' });
    cluster.at = positionAt(5);
    clock = fakeClock();
    questions = [];
    epoch = 1;
    epochReads = 0;
    writerState = { isOpen: false };
    commitListeners = new Set();
    use();
  });

  afterEach(async () => {
    await pass(2000);
    expect(vi.getTimerCount(), 'timers that are left').toBe(0);
    expect(commitListeners.size, 'listeners that are left').toBe(0);
  });

  function use(
    options: Partial<CatchUpOptions> & { ownEpoch?: () => number | undefined } = {},
  ): void {
    const ownEpoch = () => {
      epochReads += 1;
      return epoch;
    };
    catchUp = createCatchUp({
      cluster,
      writerState,
      clock,
      ask: (to, signal) =>
        new Promise((answer) => {
          questions.push({ to, answer: (progress) => answer(progress), signal });
        }),
      ownProgress: createOwnHistory({
        cluster,
        readEpochs() {
          const newest = (options.ownEpoch ?? ownEpoch)();
          return newest === undefined ? undefined : { newest, tags: new Map() };
        },
      }),
      onCommit: (listener) => {
        commitListeners.add(listener);
        return () => commitListeners.delete(listener);
      },
      ...options,
    });
  }

  /** Lets time go by in steps of a millisecond, and everything run that is due. */
  async function pass(ms: number): Promise<void> {
    for (let step = 0; step < ms; step += 1) {
      clock.advance(1);
      await vi.advanceTimersByTimeAsync(1);
    }
  }

  /** Begins to wait and tells how that ended, `undefined` while it has not. */
  function wait(): { ended: boolean | undefined } {
    const waiter: { ended: boolean | undefined } = { ended: undefined };
    void catchUp.catchUp().then((isThere) => {
      waiter.ended = isThere;
    });
    return waiter;
  }

  it('is done at once on the primary', async () => {
    cluster.become({ is: 'primary' });
    writerState.isOpen = true;
    expect(await catchUp.catchUp()).toBe(true);
    expect(questions).toEqual([]);
  });

  it('waits for the writer of a primary that has just become one', async () => {
    cluster.become({ is: 'primary' });
    const waiter = wait();
    await pass(100);
    expect(waiter.ended).toBeUndefined();
    writerState.isOpen = true;
    await pass(5);
    expect(waiter.ended).toBe(true);
  });

  it('asks the primary and is done when this node has it all', async () => {
    const waiter = wait();
    await pass(1);
    expect(questions.map(({ to }) => to)).toEqual(['p']);
    questions[0]?.answer(progressAt(1, 5));
    await pass(1);
    expect(waiter.ended).toBe(true);
  });

  it('waits until the missing transactions are here', async () => {
    const waiter = wait();
    await pass(1);
    questions[0]?.answer(progressAt(1, 7));
    await pass(100);
    cluster.at = positionAt(6);
    await pass(100);
    expect(waiter.ended).toBeUndefined();
    cluster.at = positionAt(7);
    await pass(5);
    expect(waiter.ended).toBe(true);
  });

  it('is done the moment a replicated transaction is told', async () => {
    const waiter = wait();
    await pass(1);
    questions[0]?.answer(progressAt(1, 6));
    await pass(1);
    cluster.at = positionAt(6);
    for (const listener of commitListeners) listener();
    await Promise.resolve();
    expect(waiter.ended).toBe(true);
  });

  it('is not done by a higher txid of an older epoch', async () => {
    const waiter = wait();
    await pass(1);
    questions[0]?.answer(progressAt(2, 3));
    await pass(900);
    expect(waiter.ended).toBeUndefined();
    epoch = 2;
    cluster.at = positionAt(3);
    await pass(5);
    expect(waiter.ended).toBe(true);
  });

  it('does not take the txid of one epoch for one of the next', async () => {
    // The copy is thrown back by a failover just when it is looked at: the epoch of before, the txid of after.
    use({
      ownEpoch: () => {
        cluster.at = positionAt(2, 99);
        return 1;
      },
    });
    cluster.at = positionAt(9);
    const waiter = wait();
    await pass(1);
    questions[0]?.answer(progressAt(1, 5));
    await pass(50);
    expect(waiter.ended).toBeUndefined();
  });

  it('does not stay with the epoch of before when the copy moved while it was read', async () => {
    let reads = 0;
    use({
      ownEpoch: () => {
        reads += 1;
        if (reads > 1) return 2;
        cluster.at = positionAt(3, 99);
        return 1;
      },
    });
    const waiter = wait();
    await pass(1);
    questions[0]?.answer(progressAt(2, 3));
    await pass(10);
    expect(waiter.ended).toBe(true);
  });

  it('reads the epoch again only when the position moved', async () => {
    wait();
    await pass(1);
    questions[0]?.answer(progressAt(1, 9));
    await pass(100);
    expect(epochReads).toBe(1);
    cluster.at = positionAt(6);
    await pass(100);
    expect(epochReads).toBe(2);
  });

  it('goes on when the epoch cannot be read for a moment', async () => {
    epoch = undefined;
    const waiter = wait();
    await pass(1);
    questions[0]?.answer(progressAt(1, 5));
    await pass(20);
    expect(waiter.ended).toBeUndefined();
    epoch = 1;
    await pass(5);
    expect(waiter.ended).toBe(true);
  });

  it('asks once for all that come together, and once more for all that come meanwhile', async () => {
    const first = [wait(), wait(), wait()];
    await pass(1);
    const second = Array.from({ length: 1000 }, wait);
    await pass(100);
    expect(questions).toHaveLength(1);
    questions[0]?.answer(progressAt(1, 5));
    await pass(1);
    expect(first.map(({ ended }) => ended)).toEqual([true, true, true]);
    expect(second.every(({ ended }) => ended === undefined)).toBe(true);
    expect(questions).toHaveLength(2);
    questions[1]?.answer(progressAt(1, 5));
    await pass(1);
    expect(second.every(({ ended }) => ended === true)).toBe(true);
  });

  it('asks at most every 5 ms though the primary answers at once', async () => {
    use({
      ask: async (to) => {
        questions.push({ to, answer: () => undefined, signal: new AbortController().signal });
        return progressAt(1, 5);
      },
    });
    let done = 0;
    for (let ms = 0; ms < 1000; ms += 1) {
      for (let count = 0; count < 10; count += 1) {
        void catchUp.catchUp().then((isThere) => {
          done += Number(isThere);
        });
      }
      await pass(1);
    }
    await pass(10);
    expect(done).toBe(10_000);
    expect(questions.length).toBeLessThanOrEqual(201);
    expect(questions.length).toBeGreaterThan(50);
  });

  it('gives up after a second, whatever is missing', async () => {
    const unanswered = wait();
    await pass(999);
    expect(unanswered.ended).toBeUndefined();
    await pass(6);
    expect(unanswered.ended).toBe(false);
    expect(questions[0]?.signal.aborted).toBe(true);

    const behind = wait();
    await pass(1);
    questions[1]?.answer(progressAt(1, 6));
    await pass(1005);
    expect(behind.ended).toBe(false);
  });

  it('gives each a second of its own', async () => {
    const early = wait();
    await pass(600);
    const late = wait();
    await pass(406);
    expect(early.ended).toBe(false);
    expect(late.ended).toBeUndefined();
    questions[1]?.answer(progressAt(1, 5));
    await pass(1);
    expect(late.ended).toBe(true);
  });

  it('asks again when there was no answer', async () => {
    const waiter = wait();
    await pass(1);
    questions[0]?.answer(undefined);
    await pass(49);
    expect(questions).toHaveLength(1);
    await pass(10);
    expect(questions).toHaveLength(2);
    questions[1]?.answer(progressAt(1, 5));
    await pass(1);
    expect(waiter.ended).toBe(true);
  });

  it('asks a new primary as soon as there is one, and forgets the old one’s answer', async () => {
    const waiter = wait();
    await pass(1);
    cluster.become({ is: 'replica', primary: 'q' });
    questions[0]?.answer(progressAt(1, 5));
    await pass(10);
    expect(waiter.ended).toBeUndefined();
    expect(questions.map(({ to }) => to)).toEqual(['p', 'q']);
    expect(questions[0]?.signal.aborted).toBe(true);
    questions[1]?.answer(progressAt(1, 5));
    await pass(1);
    expect(waiter.ended).toBe(true);
  });

  it('does not wait for the answer of a primary that is no more', async () => {
    const waiter = wait();
    await pass(1);
    cluster.become({ is: 'replica', primary: 'q' });
    await pass(10);
    questions[1]?.answer(progressAt(1, 5));
    await pass(1);
    expect(waiter.ended).toBe(true);
  });

  it('passes over the answer of a question that was withdrawn', async () => {
    const waiter = wait();
    await pass(1);
    cluster.become({ is: 'replica', primary: 'q' });
    await pass(10);
    cluster.become({ is: 'replica', primary: 'p' });
    await pass(10);
    expect(questions.map(({ to }) => to)).toEqual(['p', 'q', 'p']);
    questions[0]?.answer(progressAt(1, 5));
    await pass(10);
    expect(waiter.ended).toBeUndefined();
    expect(questions).toHaveLength(3);
    questions[2]?.answer(progressAt(1, 5));
    await pass(1);
    expect(waiter.ended).toBe(true);
  });

  it('keeps the order of those who wait when a question fails', async () => {
    const early = wait();
    await pass(600);
    const late = wait();
    await pass(100);
    questions[0]?.answer(undefined);
    await pass(306);
    expect(early.ended).toBe(false);
    expect(late.ended).toBeUndefined();
  });

  it.each(['joining', 'detached'] as const)('waits for a primary on a %s node', async (is) => {
    cluster.become({ is });
    const [found, not] = [wait(), wait()];
    await pass(500);
    expect(questions).toEqual([]);
    cluster.become({ is: 'replica', primary: 'p' });
    await pass(5);
    questions[0]?.answer(progressAt(1, 5));
    await pass(1);
    expect(found.ended).toBe(true);
    expect(not.ended).toBe(true);

    cluster.become({ is });
    const alone = wait();
    await pass(1006);
    expect(alone.ended).toBe(false);
  });

  it('is done when this node becomes primary meanwhile', async () => {
    const waiter = wait();
    await pass(1);
    cluster.become({ is: 'primary' });
    writerState.isOpen = true;
    await pass(5);
    expect(waiter.ended).toBe(true);
  });

  it('refuses more than it can hold, at once', async () => {
    use({ maxWaiters: 3 });
    const waiters = [wait(), wait(), wait()];
    expect(await catchUp.catchUp()).toBe(false);
    await pass(1);
    expect(await catchUp.catchUp()).toBe(false);
    questions[0]?.answer(progressAt(1, 5));
    await pass(1);
    expect(waiters.map(({ ended }) => ended)).toEqual([true, true, true]);
    expect(wait().ended).toBeUndefined();
  });
});
