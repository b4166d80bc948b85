import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RollupFolding } from '../../src/clicks/rollup-folding.ts';
import { hoursPerDay, msPerHour } from '../../src/domain/click.ts';
import { Failure } from '../../src/domain/failure.ts';
import { NotPrimary } from '../../src/domain/not-primary.ts';
import type { ClickWriter } from '../../src/domain/writer.ts';
import { systemClock } from '../../src/system-clock.ts';
import { silentLog } from '../support/silent-log.ts';

const hoursKeptMs = 90 * hoursPerDay * msPerHour;
const startMs = Date.UTC(2026, 5, 15, 13, 20);

let left: number;
let folded: number[];
let error: unknown;
let folding: RollupFolding;
let gate: Promise<void> | undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: startMs });
  left = 1;
  folded = [];
  error = undefined;
  gate = undefined;
  const writer = {
    async count(name: string, { beforeHour }: { beforeHour: number }) {
      expect(name).toBe('foldClicks');
      folded.push(beforeHour);
      await gate;
      left -= 1;
      return { value: { isDone: left <= 0 }, position: undefined, epoch: 1 };
    },
  } as unknown as ClickWriter;
  folding = new RollupFolding({
    writers: {
      clickWriter() {
        if (error !== undefined) throw error;
        return writer;
      },
    },
    clock: systemClock,
    hoursKeptMs,
    log: silentLog,
  });
});

afterEach(async () => {
  await folding[Symbol.asyncDispose]();
  vi.useRealTimers();
});

it('folds whole days that are older than hours are kept, until none is left, every hour', async () => {
  left = 3;
  await vi.advanceTimersByTimeAsync(59_999);
  expect(folded).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  const midnight = Date.UTC(2026, 5, 15) - hoursKeptMs;
  expect(folded).toEqual(Array(3).fill(midnight / msPerHour));
  await vi.advanceTimersByTimeAsync(msPerHour - 1);
  expect(folded).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(1);
  expect(folded).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(10 * msPerHour);
  expect(folded.at(-1)).toBe(midnight / msPerHour + hoursPerDay);
});

it.each([
  new NotPrimary(),
  new Failure('unavailable', 'The writer is stuck.'),
  new Error('a defect'),
])('tries again an hour after %s', async (thrown) => {
  error = thrown;
  await vi.advanceTimersByTimeAsync(60_000);
  error = undefined;
  await vi.advanceTimersByTimeAsync(msPerHour);
  expect(folded).toHaveLength(1);
});

it('leaves the rest for another time when it is disposed of, and waits for what is under way', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  left = 100;
  await vi.advanceTimersByTimeAsync(60_000);
  let isOver = false;
  const over = folding[Symbol.asyncDispose]().then(() => {
    isOver = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(isOver).toBe(false);
  resolve();
  await over;
  expect(folded).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});
