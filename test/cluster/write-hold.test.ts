import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MovingLeaseHold } from '../../src/cluster/write-hold.ts';
import type { Role } from '../../src/domain/role.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { seededRandom } from '../support/seeded-random.ts';

const primary: Role = { is: 'primary' };
const replica: Role = { is: 'replica', primary: 'p' };
const detached: Role = { is: 'detached' };
const joining: Role = { is: 'joining' };
const holdMs = 500;

/** What becomes of a write: a way, or the failure it ends with; `held` while it waits. */
type Seen = 'here' | 'primary' | 'refused' | 'held';

describe('writes are held', () => {
  let cluster: FakeCluster;
  let takesWrites: boolean;
  let hold: MovingLeaseHold;

  beforeEach(() => {
    vi.useFakeTimers();
    takesWrites = true;
  });
  afterEach(() => {
    hold[Symbol.dispose]();
    vi.useRealTimers();
  });

  function start(role: Role, maxHeld?: number): void {
    cluster = new FakeCluster(role);
    hold = new MovingLeaseHold({
      cluster,
      takesWrites: () => takesWrites,
      holdMs,
      ...(maxHeld === undefined ? {} : { maxHeld }),
      clock: { monotonicMs: () => performance.now() },
      random: seededRandom('hold'),
    });
  }

  /** Sends a write and says, whenever asked, what has become of it. */
  function write(): () => Promise<Seen> {
    let seen: Seen = 'held';
    hold.findWay().then(
      (way) => {
        seen = way;
      },
      (error) => {
        expect(error).toMatchObject({ kind: 'unavailable' });
        expect(error.details.retryAfterS).toBeOneOf([1, 2, 3, 4]);
        seen = 'refused';
      },
    );
    return async () => {
      await vi.advanceTimersByTimeAsync(0);
      return seen;
    };
  }

  it.each<[string, Role, boolean, Seen]>([
    ['on a primary that takes writes', primary, true, 'here'],
    ['on a primary that takes none at the moment', primary, false, 'held'],
    ['on a replica', replica, true, 'primary'],
    ['on a node that has never known a primary', detached, true, 'refused'],
    ['on a node without a copy', joining, true, 'refused'],
  ])('or not: %s', async (_, role, takes, seen) => {
    start(role);
    takesWrites = takes;
    expect(await write()()).toBe(seen);
  });

  it.each<[string, readonly (Role | 'takes')[], Seen]>([
    ['until the writer is open', ['takes'], 'here'],
    ['until another is primary', [detached, replica], 'primary'],
    ['until another is primary, which was never unknown', [replica], 'primary'],
    ['until this node is primary again', [detached, primary, 'takes'], 'here'],
    ['while it is not known who is primary', [detached], 'held'],
    ['while a primary that was named is gone again at once', [detached, replica, detached], 'held'],
    ['unless the copy is gone', [joining], 'refused'],
  ])('on a primary %s', async (_, changes, seen) => {
    start(primary);
    takesWrites = false;
    const found = write();
    for (const change of changes) {
      if (change === 'takes') takesWrites = true;
      else cluster.become(change);
    }
    await vi.advanceTimersByTimeAsync(5);
    expect(await found()).toBe(seen);
  });

  it('for as long as they may, each from when it came', async () => {
    start(primary);
    takesWrites = false;
    const first = write();
    await vi.advanceTimersByTimeAsync(holdMs - 10);
    const second = write();
    expect(await first()).toBe('held');
    await vi.advanceTimersByTimeAsync(10);
    expect(await first()).toBe('refused');
    expect(await second()).toBe('held');
    takesWrites = true;
    await vi.advanceTimersByTimeAsync(5);
    expect(await second()).toBe('here');
    expect(hold.readCounts()).toEqual({ released: 1, expired: 1, refused: 0 });
    expect(hold.held).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('on a node that lost its primary a moment ago, and not on one that has long known none', async () => {
    start(replica);
    cluster.become(detached);
    const found = write();
    expect(await found()).toBe('held');
    await vi.advanceTimersByTimeAsync(holdMs);
    expect(await found()).toBe('refused');
    expect(await write()()).toBe('refused');
    // Another try to reach the primary that is gone.
    cluster.become(joining);
    cluster.become(detached);
    expect(await write()()).toBe('refused');
  });

  it('up to a number', async () => {
    start(primary, 2);
    takesWrites = false;
    const found = [write(), write(), write()];
    expect(await Promise.all(found.map((look) => look()))).toEqual(['held', 'held', 'refused']);
    expect(hold.held).toBe(2);
    takesWrites = true;
    await vi.advanceTimersByTimeAsync(5);
    expect(hold.readCounts()).toEqual({ released: 2, expired: 0, refused: 1 });
    takesWrites = false;
    expect(await write()()).toBe('held');
  });

  it('and refused when the node ends', async () => {
    start(primary);
    takesWrites = false;
    const found = write();
    hold[Symbol.dispose]();
    expect(await found()).toBe('refused');
    expect(cluster.listeners).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
