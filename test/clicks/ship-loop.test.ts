import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ShipLoop, type ShipLoopOptions } from '../../src/clicks/shipping/ship-loop.ts';
import type { ShipResult } from '../../src/clicks/shipping/shipper.ts';
import { Failure } from '../../src/domain/failure.ts';
import { systemClock } from '../../src/system-clock.ts';
import { rememberingLog } from '../support/logged.ts';
import { silentLog } from '../support/silent-log.ts';
import { TestShipping } from '../support/test-shipping.ts';

let results: ShipResult[];
let calls: string[];
let isWaiting: boolean;
let confirmError: Error | undefined;
let seal: () => void;
let changePrimary: () => void;
let stopped: number;
let loop: ShipLoop;
/** Holds up a step until it is resolved. */
let gate: Promise<void> | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  results = [];
  calls = [];
  isWaiting = false;
  confirmError = undefined;
  stopped = 0;
  gate = undefined;
});

afterEach(async () => {
  await loop[Symbol.asyncDispose]();
  vi.useRealTimers();
});

/** Begins, with a step for each of these results; then all is idle. */
async function start(...first: ShipResult[]): Promise<void> {
  results = first;
  loop = makeLoop({
    async step() {
      calls.push('step');
      await gate;
      return results.shift() ?? 'idle';
    },
    async confirm() {
      calls.push('confirm');
      if (confirmError !== undefined) throw confirmError;
      return isWaiting;
    },
    forget: () => calls.push('forget'),
    askAgain: () => calls.push('ask again'),
    stop: () => undefined,
  });
  await vi.advanceTimersByTimeAsync(0);
}

function makeLoop(shipper: ShipLoopOptions['shipper']): ShipLoop {
  return new ShipLoop({
    shipper,
    onSealed(listener) {
      seal = listener;
      return () => {
        stopped += 1;
      };
    },
    onPrimaryChange(listener) {
      changePrimary = listener;
      return () => {
        stopped += 1;
      };
    },
    clock: systemClock,
    random: { bytes: (count) => new Uint8Array(count).fill(255) },
    log: silentLog,
  });
}

/** What was called, confirmations apart, after so much more time. */
async function stepsAfter(ms: number): Promise<string[]> {
  calls = [];
  await vi.advanceTimersByTimeAsync(ms);
  return calls.filter((call) => call !== 'confirm');
}

function count(name: string): number {
  return calls.filter((call) => call === name).length;
}

describe('shipping', () => {
  it('goes on as long as there is something to ship, and again when a batch is sealed', async () => {
    await start('shipped', 'shipped');
    expect(count('step')).toBe(3);
    expect(await stepsAfter(20_000)).toEqual([]);
    seal();
    expect(await stepsAfter(0)).toEqual(['step']);
  });

  it('does not miss a batch that is sealed during a step', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    await start();
    seal();
    resolve();
    expect(await stepsAfter(0)).toEqual(['step']);
    expect(await stepsAfter(10_000)).toEqual([]);
  });

  it('pauses longer after each failure in a row, and not at all after a success', async () => {
    await start('failed', 'failed', 'failed', 'shipped', 'failed');
    expect(await stepsAfter(99)).toEqual([]);
    expect(await stepsAfter(1)).toEqual(['step']);
    expect(await stepsAfter(199)).toEqual([]);
    expect(await stepsAfter(1)).toEqual(['step']);
    expect(await stepsAfter(399)).toEqual([]);
    // The fourth succeeds, the fifth fails for the first time.
    expect(await stepsAfter(1)).toEqual(['step', 'step']);
    expect(await stepsAfter(99)).toEqual([]);
    expect(await stepsAfter(1)).toEqual(['step']);
  });

  it('asks the primary again every half minute, idle or not', async () => {
    await start();
    expect(await stepsAfter(29_999)).toEqual([]);
    expect(await stepsAfter(1)).toEqual(['ask again', 'step']);
    for (let seconds = 0; seconds < 29; seconds += 1) {
      seal();
      expect(await stepsAfter(1_000)).toEqual(['step']);
    }
    expect(await stepsAfter(1_000)).toEqual(['ask again', 'step']);
  });

  it('forgets what the primary said when it is another, ends a pause, and looks at its own copy', async () => {
    await start('failed');
    changePrimary();
    expect(await stepsAfter(0)).toEqual(['step']);
    calls = [];
    changePrimary();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toEqual(['forget', 'step', 'confirm']);
  });

  it('tries at once after a failure when a batch breaks a long silence, and only then', async () => {
    await start(...Array<ShipResult>(8).fill('failed'));
    seal();
    expect(await stepsAfter(0)).toEqual(['step']);
    seal();
    expect(await stepsAfter(0)).toEqual([]);
    await vi.advanceTimersByTimeAsync(6_000);
    calls = [];
    seal();
    expect(await stepsAfter(0)).toEqual(['step']);
  });
});

describe('the own copy', () => {
  it('is looked at every second while something is not counted there, else every minute', async () => {
    isWaiting = true;
    await start();
    calls = [];
    await vi.advanceTimersByTimeAsync(3_000);
    expect(count('confirm')).toBe(3);
    isWaiting = false;
    await vi.advanceTimersByTimeAsync(1_000);
    calls = [];
    await vi.advanceTimersByTimeAsync(59_999);
    expect(count('confirm')).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(count('confirm')).toBe(1);
  });

  it('is looked at when a batch is sealed', async () => {
    await start();
    calls = [];
    seal();
    await vi.advanceTimersByTimeAsync(0);
    expect(count('confirm')).toBe(1);
  });

  it.each([new Failure('unavailable', 'The copy is busy.'), new Error('disk I/O error')])(
    'is looked at again after %s',
    async (error) => {
      confirmError = error;
      await start();
      calls = [];
      await vi.advanceTimersByTimeAsync(2_000);
      expect(count('confirm')).toBe(2);
    },
  );
});

describe('a loop that is disposed of', () => {
  it('waits for the step under way, and does nothing more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    await start('shipped', 'shipped');
    let isOver = false;
    const over = loop[Symbol.asyncDispose]().then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(isOver).toBe(false);
    resolve();
    await over;
    expect(stopped).toBe(2);
    expect(await stepsAfter(100_000)).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not wait for a primary that hangs, and complains of nothing', async () => {
    const { log, lines } = rememberingLog();
    const shipping = new TestShipping();
    shipping.isHanging = true;
    shipping.log = log;
    shipping.restart();
    shipping.putBatches(1, 1);
    loop = makeLoop(shipping.shipper);
    await vi.advanceTimersByTimeAsync(0);
    await loop[Symbol.asyncDispose]();
    expect(lines.filter(({ level }) => level > 20)).toEqual([]);
  });

  it('ends its pauses', async () => {
    await start('failed');
    await loop[Symbol.asyncDispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});
