import { describe, expect, it } from 'vitest';
import { GuardClient } from '../../src/cluster/guard-client.ts';
import { LeaseFence } from '../../src/cluster/lease-fence.ts';
import { eventually } from '../support/eventually.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { FakeCluster } from '../support/fake-cluster.ts';
import { FakeGuard, guardAnswer } from '../support/fake-guard.ts';
import { silentLog } from '../support/silent-log.ts';

describe('the fence of the lease', () => {
  it('is open while Consul has confirmed the lease less than 9 s ago', async () => {
    await using bench = await startBench();
    const { guard, clock, fence } = bench;
    guard.says = guardAnswer({ lease: { holder: 'me', isOurs: true, renewedMsAgo: 8000 } });
    await eventually(() => expect(fence.isOpen).toBe(true));
    clock.advance(999);
    expect(fence.isOpen).toBe(true);
    guard.isHanging = true;
    clock.advance(1);
    expect(fence.isOpen, 'before the guard says so').toBe(false);
  });

  it('closes when the guard does not answer for 3 s', async () => {
    await using bench = await startBench();
    const { guard, clock, fence } = bench;
    guard.says = guardAnswer({ lease: { holder: 'me', isOurs: true, renewedMsAgo: 0 } });
    await eventually(() => expect(fence.isOpen).toBe(true));
    guard.isHanging = true;
    clock.advance(3000);
    expect(fence.isOpen).toBe(false);
  });

  it('asks often on a primary while it is closed, and rarely else', async () => {
    await using bench = await startBench();
    const { guard, cluster, fence } = bench;
    guard.says = guardAnswer({ lease: { holder: 'other', isOurs: false, renewedMsAgo: null } });
    await eventually(() => expect(guard.asked).toBeGreaterThan(0));
    const asked = () => guard.asked;
    let before = asked();
    cluster.become({ is: 'primary' });
    await eventually(() => expect(asked()).toBeGreaterThan(before + 20));
    guard.says = guardAnswer();
    await eventually(() => expect(fence.isOpen).toBe(true));
    before = asked();
    await eventually(() => expect(asked()).toBeGreaterThan(before));
  });
});

async function startBench() {
  await using stack = new AsyncDisposableStack();
  const guard = stack.use(await FakeGuard.start());
  guard.says = guardAnswer({ lease: { holder: null, isOurs: false, renewedMsAgo: null } });
  const clock = fakeClock();
  const cluster = new FakeCluster({ is: 'replica', primary: 'other' });
  const client = stack.use(
    new GuardClient({
      guardUrl: guard.url,
      progress: () => undefined,
      onCommit: () => () => undefined,
      clock,
      log: silentLog,
    }),
  );
  const fence = stack.use(new LeaseFence({ guard: client, cluster, clock }));
  const owned = stack.move();
  return {
    guard,
    clock,
    cluster,
    fence,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
