import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GuardClient } from '../../src/cluster/guard-client.ts';
import type { Progress } from '../../src/domain/position.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { FakeGuard, guardAnswer } from '../support/fake-guard.ts';
import { positionAt } from '../support/fake-mount.ts';
import { silentLog } from '../support/silent-log.ts';

describe('the client of the guard', () => {
  let guard: FakeGuard;
  let clock: FakeClock;
  let progress: Progress | undefined;
  let listeners: Set<() => void>;
  let client: GuardClient;

  beforeEach(async () => {
    guard = await FakeGuard.start();
    clock = fakeClock();
    clock.advance(60_000);
    progress = { epoch: 3, txid: positionAt(7).txid };
    listeners = new Set();
    client = new GuardClient({
      guardUrl: guard.url,
      progress: () => progress,
      onCommit(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      clock,
      log: silentLog,
    });
  });

  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await guard[Symbol.asyncDispose]();
    expect(listeners.size, 'listeners that are left').toBe(0);
  });

  const commit = (txid: number) => {
    progress = { epoch: 3, txid: positionAt(txid).txid };
    for (const listener of listeners) listener();
  };

  it('tells what the guard says, again and again', async () => {
    await eventually(() => expect(client.view()?.lease.renewedAtMs).toBe(58_800));
    guard.says = guardAnswer({ lease: { holder: 'other', isOurs: false, renewedMsAgo: null } });
    await eventually(() => expect(client.view()?.lease.holder).toBe('other'));
  });

  it('says who listens so', async () => {
    const seen: unknown[] = [];
    client.onAnswer((view) => seen.push(view?.lease.holder));
    await eventually(() => expect(seen).toContain('me'));
  });

  it('knows nothing of what is older than 3 s', async () => {
    await eventually(() => expect(client.view()).toBeDefined());
    guard.isHanging = true;
    clock.advance(2999);
    const seen: unknown[] = [];
    client.onAnswer((view) => seen.push(view));
    expect(client.view()).toBeDefined();
    clock.advance(1);
    expect(client.view()).toBeUndefined();
    await eventually(() => expect(seen).toEqual([undefined]));
    guard.isHanging = false;
    await eventually(() => expect(client.view()).toBeDefined());
  });

  it.each(['no JSON', '{}'])('keeps what it knows over an answer such as %j', async (says) => {
    await eventually(() => expect(client.view()).toBeDefined());
    guard.says = says;
    const { asked } = guard;
    await eventually(() => expect(guard.asked).toBeGreaterThan(asked + 1));
    expect(client.view()?.lease.holder).toBe('me');
  });

  it('tells the guard how far the copy is: at once, after commits, and every second', async () => {
    await eventually(() => expect(guard.told).toEqual([{ epoch: 3, txid: positionAt(7).txid }]));
    for (let txid = 8; txid <= 20; txid += 1) commit(txid);
    await eventually(() =>
      expect(guard.told.at(-1)).toEqual({ epoch: 3, txid: positionAt(20).txid }),
    );
    expect(guard.told.length, 'commits are told together').toBeLessThanOrEqual(3);
    const { length } = guard.told;
    await eventually(() => expect(guard.told.length).toBeGreaterThan(length));
  });

  it('tells nothing while it does not know', async () => {
    progress = undefined;
    await eventually(() => expect(guard.asked).toBeGreaterThan(2));
    const { length } = guard.told;
    expect(length).toBeLessThanOrEqual(1);
    commit(9);
    await eventually(() => expect(guard.told.length).toBeGreaterThan(length));
  });

  it('ends while the guard hangs', async () => {
    guard.isHanging = true;
    const { asked } = guard;
    await eventually(() => expect(guard.asked).toBeGreaterThan(asked));
    await client[Symbol.asyncDispose]();
  });
});
