import { describe, expect, test } from 'vitest';
import { leaseTtlMs, OwnLease } from '../../src/guard/own-lease.ts';

function setUp() {
  let nowMs = 0;
  const lease = new OwnLease(() => nowMs);
  const wait = (ms: number) => {
    nowMs += ms;
  };
  return { lease, wait };
}

describe('the lease of this node', () => {
  test('counts from the start of the call that confirmed it', () => {
    const { lease, wait } = setUp();
    wait(500);
    lease.acquired('a', 100);
    expect(lease.held).toEqual({ session: 'a', confirmedAtMs: 100 });
    lease.renewed('a', 400);
    expect(lease.held).toEqual({ session: 'a', confirmedAtMs: 400 });
  });

  test('is over when nothing has confirmed it for the time it lasts', () => {
    const { lease, wait } = setUp();
    lease.acquired('a', 0);
    wait(leaseTtlMs - 1);
    expect(lease.held).toBeDefined();
    wait(1);
    expect(lease.held).toBeUndefined();
    expect(lease.session).toBe('a');
  });

  test('is not confirmed by another session', () => {
    const { lease } = setUp();
    lease.renewed('a', 0);
    expect(lease.held).toBeUndefined();
    lease.acquired('a', 0);
    lease.renewed('b', 5);
    expect(lease.held?.confirmedAtMs).toBe(0);
  });

  test('ends with its session, and when Consul names somebody else', () => {
    const { lease } = setUp();
    lease.acquired('a', 0);
    lease.ended('b');
    expect(lease.held).toBeDefined();
    lease.ended('a');
    expect(lease.session).toBeUndefined();
    lease.acquired('c', 0);
    lease.lost();
    expect(lease.session).toBeUndefined();
  });

  test('tells a session that was handed over from one that this LiteFS made', () => {
    const { lease } = setUp();
    lease.made('a');
    expect(lease.isOwnSession('a')).toBe(true);
    expect(lease.isOwnSession('b')).toBe(false);
    lease.ended('a');
    expect(lease.isOwnSession('a')).toBe(false);
  });
});
