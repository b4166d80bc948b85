import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCatchUp } from '../../src/cluster/catch-up.ts';
import { createOwnHistory } from '../../src/cluster/own-history.ts';
import { hasReached, type Progress } from '../../src/domain/position.ts';
import { fakeClock } from '../support/fake-clock.ts';
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

/** Everything that can happen around a replica, in any order. */
type Step = 'wait' | 'commit' | 'apply' | 'failover' | 'time' | 'promote' | 'demote';

describe('catching up, in every order of events', () => {
  it('nobody is told that this node is there before it has what the primary had when the wait began', async () => {
    let told = 0;
    const step = fc.constantFrom<Step>(
      'wait',
      'wait',
      'commit',
      'commit',
      'apply',
      'apply',
      'failover',
      'time',
      'promote',
      'demote',
    );
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 60 }), async (s, steps) => {
        const cluster = new FakeCluster({ is: 'replica', primary: 'p' });
        const clock = fakeClock();
        // Each timeline is one epoch; a failover throws the new primary back to what its copy had.
        let primary = progressAt(1, 1);
        let own = primary;
        cluster.at = positionAt(1, 1);
        const broken: string[] = [];
        const txid = (progress: Progress) => Number.parseInt(progress.txid, 16);
        const follow = () => {
          cluster.at = positionAt(txid(own), own.epoch);
        };
        const catchUp = createCatchUp({
          cluster,
          writerState: { isOpen: true },
          clock,
          ownProgress: createOwnHistory({
            cluster,
            readEpochs: () => ({ newest: own.epoch, tags: new Map() }),
          }),
          onCommit: () => () => undefined,
          ask: async () => {
            await s.schedule(Promise.resolve(), 'the question is on its way');
            const read = primary;
            await s.schedule(Promise.resolve(), 'the answer is on its way');
            return read.txid.endsWith('7') ? undefined : read;
          },
        });
        const act: Record<Step, () => void> = {
          wait() {
            const begun = primary;
            void catchUp.catchUp().then((isThere) => {
              if (!isThere) return;
              told += 1;
              if (cluster.role().is !== 'primary' && !hasReached(own, begun)) {
                broken.push(`${JSON.stringify(own)} has not reached ${JSON.stringify(begun)}`);
              }
            });
          },
          commit() {
            primary = progressAt(primary.epoch, txid(primary) + 1);
            if (cluster.role().is === 'primary') own = primary;
            follow();
          },
          apply() {
            if (own.epoch < primary.epoch) own = progressAt(primary.epoch, 1);
            else if (own.txid < primary.txid) own = progressAt(own.epoch, txid(own) + 1);
            follow();
          },
          failover() {
            const other = cluster.role().is === 'replica' ? 'q' : 'p';
            primary = progressAt(primary.epoch + 1, 1);
            cluster.become({ is: 'detached' });
            cluster.become({ is: 'replica', primary: other });
          },
          time() {
            clock.advance(6);
            vi.advanceTimersByTime(6);
          },
          promote() {
            own = progressAt(primary.epoch + 1, txid(own) + 1);
            primary = own;
            follow();
            cluster.become({ is: 'primary' });
          },
          demote() {
            cluster.become({ is: 'replica', primary: 'p' });
          },
        };
        for (const [index, name] of steps.entries()) {
          void s.schedule(Promise.resolve(), `${index} ${name}`).then(act[name]);
        }
        await s.waitIdle();
        for (let round = 0; round < 8; round += 1) {
          act.time();
          act.apply();
          await s.waitIdle();
        }
        expect(broken).toEqual([]);
        clock.advance(2000);
        vi.advanceTimersByTime(10);
      }),
      { numRuns: 500 },
    );
    expect(told).toBeGreaterThan(300);
  });
});
