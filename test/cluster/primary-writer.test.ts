import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ClosableWriter, PrimaryWriter } from '../../src/cluster/primary-writer.ts';
import { Failure } from '../../src/domain/failure.ts';
import { NotPrimary } from '../../src/domain/not-primary.ts';
import type { Role } from '../../src/domain/role.ts';
import { eventually } from '../support/eventually.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { positionAt } from '../support/fake-mount.ts';

const primary: Role = { is: 'primary' };
const replica: Role = { is: 'replica', primary: 'a' };

/** One call of `open`, which the test settles when it wants, and the writer that comes of it. */
interface Opening {
  readonly succeed: () => void;
  readonly fail: (error: Error) => void;
  readonly end: (reason?: Error) => void;
  readonly writer: ClosableWriter;
  readonly state: () => 'opening' | 'open' | 'closed' | 'failed';
}

describe('the writer of the primary', () => {
  let cluster: FakeCluster;
  let writers: PrimaryWriter;
  let openings: Opening[];
  /** Most writers that existed at the same time. */
  let most: number;
  const onOpenFailed = vi.fn();

  beforeEach(() => {
    openings = [];
    most = 0;
    onOpenFailed.mockReset();
  });

  afterEach(async () => {
    for (const opening of openings) if (opening.state() === 'opening') opening.succeed();
    await writers[Symbol.asyncDispose]();
    expect(most).toBeLessThanOrEqual(1);
    expect(openings.filter((opening) => opening.state() === 'open')).toEqual([]);
    expect(cluster.listeners).toBe(0);
  });

  function open(): Promise<ClosableWriter> {
    let state: ReturnType<Opening['state']> = 'opening';
    const opened = Promise.withResolvers<ClosableWriter>();
    const ended = Promise.withResolvers<Error | undefined>();
    const writer: ClosableWriter = {
      opened: { epoch: openings.length + 1 },
      ended: ended.promise,
      run: () => Promise.reject(new Error('not used')),
      count: () => Promise.reject(new Error('not used')),
      [Symbol.asyncDispose]: async () => {
        await Promise.resolve();
        state = 'closed';
        ended.resolve(undefined);
      },
    };
    openings.push({
      writer,
      state: () => state,
      succeed: () => {
        state = 'open';
        opened.resolve(writer);
      },
      fail: (error) => {
        state = 'failed';
        opened.reject(error);
      },
      end: (reason) => ended.resolve(reason),
    });
    const alive = openings.filter((other) => ['opening', 'open'].includes(other.state()));
    most = Math.max(most, alive.length);
    return opened.promise;
  }

  function start(role: Role, mayWrite?: () => boolean): void {
    cluster = new FakeCluster(role);
    writers = new PrimaryWriter({
      cluster,
      open,
      ...(mayWrite && { mayWrite }),
      onOpenFailed,
      log: pino({ level: 'silent' }),
      openFailedGraceMs: 20,
      firstPauseMs: 5,
    });
  }

  const opening = (index: number) =>
    eventually(() => {
      const found = openings[index];
      if (found === undefined) throw new Error(`open was called ${openings.length} times`);
      return found;
    });
  const refusal = () => {
    try {
      writers.clickWriter();
      return new Error('there is a writer of clicks');
    } catch (error) {
      expect(error).toEqual(refusalOfLinks());
    }
    return refusalOfLinks();
  };
  const refusalOfLinks = () => {
    try {
      writers.writer();
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it('is refused for links, and not for clicks, while the lease is not sure', async () => {
    let isSure = true;
    start(primary, () => isSure);
    const first = await opening(0);
    first.succeed();
    await eventually(() => expect(writers.writer()).toBe(first.writer));
    isSure = false;
    expect(refusalOfLinks()).toMatchObject({ kind: 'unavailable', details: { retryAfterS: 1 } });
    expect(writers.clickWriter()).toBe(first.writer);
    isSure = true;
    expect(writers.writer()).toBe(first.writer);
  });

  it('is not there on a replica', () => {
    start(replica);
    expect(refusal()).toBeInstanceOf(NotPrimary);
    expect(openings).toEqual([]);
  });

  it.each(['joining', 'detached'] as const)('is unavailable, not elsewhere, on a %s node', (is) => {
    start({ is });
    expect(refusal()).toMatchObject({ kind: 'unavailable', details: { retryAfterS: 1 } });
  });

  it('is unavailable while it is being opened, then there', async () => {
    start(primary);
    const first = await opening(0);
    expect(refusal()).toBeInstanceOf(Failure);
    expect(refusal()).toMatchObject({ kind: 'unavailable', details: { retryAfterS: 1 } });
    expect(writers.isOpen).toBe(false);
    first.succeed();
    await eventually(() => expect(writers.writer()).toBe(first.writer));
    expect(writers.clickWriter()).toBe(first.writer);
    expect(writers.isOpen).toBe(true);
  });

  it('is opened on promotion and closed on demotion', async () => {
    start(replica);
    cluster.become(primary);
    const first = await opening(0);
    first.succeed();
    await eventually(() => expect(writers.isOpen).toBe(true));
    cluster.become(replica);
    expect(refusal()).toBeInstanceOf(NotPrimary);
    await eventually(() => expect(first.state()).toBe('closed'));
  });

  it('is opened anew for each term, after the last one is closed', async () => {
    start(primary);
    const first = await opening(0);
    first.succeed();
    await eventually(() => expect(writers.isOpen).toBe(true));
    cluster.become({ is: 'detached' });
    cluster.become(primary);
    expect(refusal()).toMatchObject({ kind: 'unavailable' });
    const second = await opening(1);
    expect(first.state()).toBe('closed');
    second.succeed();
    await eventually(() => expect(writers.writer()).toBe(second.writer));
  });

  it('is closed unused when the role went away while it was opened', async () => {
    start(primary);
    const first = await opening(0);
    cluster.become(replica);
    first.succeed();
    await eventually(() => expect(first.state()).toBe('closed'));
    expect(refusal()).toBeInstanceOf(NotPrimary);
  });

  it('is closed unused when the role came back while it was opened', async () => {
    start(primary);
    const first = await opening(0);
    cluster.become(replica);
    cluster.become(primary);
    cluster.become(replica);
    cluster.become(primary);
    expect(openings).toHaveLength(1);
    first.succeed();
    const second = await opening(1);
    expect(first.state()).toBe('closed');
    expect(writers.isOpen).toBe(false);
    second.succeed();
    await eventually(() => expect(writers.writer()).toBe(second.writer));
    expect(openings).toHaveLength(2);
  });

  it('that cannot be opened is reported once and not tried again', async () => {
    start(primary);
    const error = new Error('migration 2 fails');
    (await opening(0)).fail(error);
    await eventually(() => expect(onOpenFailed).toHaveBeenCalledExactlyOnceWith(error));
    expect(refusal()).toMatchObject({ kind: 'unavailable' });
    expect(openings).toHaveLength(1);
  });

  it('that cannot be opened because the role is gone is no failure', async () => {
    start(primary);
    (await opening(0)).fail(new Error('attempt to write a readonly database'));
    cluster.become(replica);
    cluster.become(primary);
    (await opening(1)).succeed();
    await eventually(() => expect(writers.isOpen).toBe(true));
    expect(onOpenFailed).not.toHaveBeenCalled();
  });

  it('that ends by itself is opened again', async () => {
    start(primary);
    for (const index of [0, 1, 2]) {
      const current = await opening(index);
      current.succeed();
      await eventually(() => expect(writers.writer()).toBe(current.writer));
      current.end(new Error('the thread died'));
      await eventually(() => expect(writers.isOpen).toBe(false));
      expect(refusal()).toMatchObject({ kind: 'unavailable' });
    }
    (await opening(3)).succeed();
    await eventually(() => expect(writers.isOpen).toBe(true));
    expect(onOpenFailed).not.toHaveBeenCalled();
  });

  it('that ends because the role is gone is not opened again', async () => {
    start(primary);
    const first = await opening(0);
    first.succeed();
    await eventually(() => expect(writers.isOpen).toBe(true));
    first.end(new NotPrimary());
    cluster.become(replica);
    await eventually(() => expect(first.state()).toBe('closed'));
    await writers[Symbol.asyncDispose]();
    expect(openings).toHaveLength(1);
  });

  it('that is being opened when all ends is closed', async () => {
    start(primary);
    const first = await opening(0);
    const closing = writers[Symbol.asyncDispose]();
    first.succeed();
    await closing;
    expect(first.state()).toBe('closed');
    cluster.become(replica);
    cluster.become(primary);
    expect(openings).toHaveLength(1);
  });

  describe('that rests', () => {
    /** A primary whose first writer is open. */
    async function startOpen(): Promise<Opening> {
      start(primary);
      cluster.at = positionAt(6);
      const first = await opening(0);
      first.succeed();
      await eventually(() => expect(writers.isOpen).toBe(true));
      return first;
    }

    it('takes nothing from then on, and has closed its writer', async () => {
      const first = await startOpen();
      const resting = writers.rest();
      expect(writers.isOpen).toBe(false);
      expect(refusal()).toMatchObject({ kind: 'unavailable' });
      expect(writers.progress()).toBeUndefined();
      expect(await resting).toBe(true);
      expect(first.state()).toBe('closed');
      expect(openings).toHaveLength(1);
    });

    it('opens another writer when it goes on', async () => {
      await startOpen();
      await writers.rest();
      writers.resume();
      const second = await opening(1);
      second.succeed();
      await eventually(() => expect(writers.writer()).toBe(second.writer));
    });

    it('opens none when the role is gone, and one in its next term', async () => {
      await startOpen();
      await writers.rest();
      cluster.become({ is: 'detached' });
      cluster.become(replica);
      writers.resume();
      expect(refusal()).toBeInstanceOf(NotPrimary);
      cluster.become(primary);
      (await opening(1)).succeed();
      await eventually(() => expect(writers.isOpen).toBe(true));
      expect(openings).toHaveLength(2);
    });

    it('ends resting', async () => {
      await startOpen();
      await writers.rest();
      await writers[Symbol.asyncDispose]();
      expect(openings).toHaveLength(1);
    });

    it('opens none while work goes on that began in a term before', async () => {
      await startOpen();
      const work = Promise.withResolvers<void>();
      let term: AbortSignal | undefined;
      const resting = writers.restWhile((signal) => {
        term = signal;
        return work.promise;
      });
      await eventually(() => expect(term?.aborted).toBe(false));
      cluster.become({ is: 'detached' });
      expect(term?.aborted).toBe(true);
      cluster.become(primary);
      await setTimeout(20);
      expect(openings).toHaveLength(1);
      expect(refusal()).toMatchObject({ kind: 'unavailable' });
      expect(await writers.restWhile(() => work.promise)).toBe(false);
      work.resolve();
      expect(await resting).toBe(true);
      (await opening(1)).succeed();
      await eventually(() => expect(writers.epoch).toBe(2));
    });

    it('goes on after work that failed', async () => {
      await startOpen();
      const failing = () => Promise.reject(new Error('no room'));
      await expect(writers.restWhile(failing)).rejects.toThrow('no room');
      (await opening(1)).succeed();
      await eventually(() => expect(writers.isOpen).toBe(true));
    });

    it('ends although work goes on', async () => {
      await startOpen();
      void writers.restWhile(() => new Promise<void>(() => undefined));
      cluster.become({ is: 'detached' });
      cluster.become(primary);
      await writers[Symbol.asyncDispose]();
      expect(openings).toHaveLength(1);
    });

    it('cannot, while it is not open', async () => {
      start(primary);
      const first = await opening(0);
      expect(await writers.rest()).toBe(false);
      first.succeed();
      await eventually(() => expect(writers.isOpen).toBe(true));
      expect(first.state()).toBe('open');
    });
  });

  describe('tells its progress', () => {
    it('as its epoch and the position of the moment', async () => {
      start(primary);
      cluster.at = positionAt(6);
      const first = await opening(0);
      expect(writers.progress()).toBeUndefined();
      first.succeed();
      await eventually(() =>
        expect(writers.progress()).toEqual({ epoch: 1, txid: positionAt(6).txid }),
      );
      cluster.at = positionAt(7);
      expect(writers.progress()).toEqual({ epoch: 1, txid: positionAt(7).txid });
      cluster.at = undefined;
      expect(writers.progress()).toBeUndefined();
      cluster.become(replica);
      cluster.at = positionAt(8);
      expect(writers.progress()).toBeUndefined();
    });
  });
});
