import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TakeOver } from '../../src/cluster/take-over.ts';
import type { TakeOverFacts } from '../../src/cluster/take-over-rule.ts';

const newer: TakeOverFacts = {
  role: { is: 'replica', primary: 'a' },
  isCandidate: true,
  isReady: true,
  known: { links: 5, clicks: 2 },
  applied: { links: 4, clicks: 2 },
  hasFailed: false,
};

describe('a candidate of a newer release', () => {
  let facts: TakeOverFacts;
  let status: number | Error;
  /** When it asked, milliseconds since its start, and whom. */
  let asked: [number, string][];
  let logged: { readonly msg: string }[];
  let takeOver: TakeOver;

  beforeEach(() => {
    vi.useFakeTimers();
    facts = newer;
    status = 200;
    asked = [];
    logged = [];
    const startMs = Date.now();
    takeOver = new TakeOver({
      readFacts: async () => facts,
      ask: async (primary) => {
        asked.push([Date.now() - startMs, primary]);
        if (status instanceof Error) throw status;
        return { status, body: '' };
      },
      log: pino({}, { write: (line) => logged.push(JSON.parse(line)) }),
    });
  });
  afterEach(async () => {
    await takeOver[Symbol.asyncDispose]();
    vi.useRealTimers();
  });

  it('asks the primary that it follows', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toEqual([[1000, 'a']]);
  });

  it('asks as soon as there is reason to', async () => {
    facts = { ...newer, isReady: false };
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toEqual([]);
    facts = newer;
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['is refused', 409],
    ['gets no answer', new Error('no answer')],
  ])('that %s waits twice as long each time, up to a minute', async (_, outcome) => {
    status = outcome;
    await vi.advanceTimersByTimeAsync(200_000);
    expect(asked.map(([ms]) => ms / 1000)).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
  });

  it('asks no more once it has what it wants', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    facts = { ...newer, role: { is: 'primary' }, applied: newer.known };
    await vi.advanceTimersByTimeAsync(600_000);
    expect(asked).toHaveLength(1);
  });

  it('whose migrations have failed asks never, and says so once', async () => {
    facts = { ...newer, hasFailed: true };
    await vi.advanceTimersByTimeAsync(600_000);
    expect(asked).toEqual([]);
    expect(logged.map(({ msg }) => msg)).toEqual([
      'migrations have failed on this node, so it does not ask for the lease',
    ]);
  });
});
