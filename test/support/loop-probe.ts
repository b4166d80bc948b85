// Loaded before the program of a process (`node --import`), to measure how long one turn of its event loop takes.

import { setTimeout as delay } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

/** What the probe says when it is asked. */
export interface LoopReading {
  /** Processor time of the longest turns so far, milliseconds, the longest first. */
  readonly longestMs: readonly number[];
  /** Processor time of a piece of work that is always the same, milliseconds. */
  readonly unitMs: number;
}

const kept = 10;
const calibrationMs = 400;

/**
 * Processor time, because a thread that is kept from its processor by others stops for reasons of its own. The
 * kernel may count it in steps of 4 ms, of which a short turn takes one now and then.
 */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The piece of work: about a millisecond. */
function workOneUnit(): number {
  const numbers = new Float64Array(8_192);
  for (let at = 0; at < numbers.length; at += 1) numbers[at] = Math.imul(at, 2_654_435_761) >>> 0;
  return numbers.sort()[0] ?? 0;
}

async function calibrate(): Promise<number> {
  let units = 0;
  const start = threadMs();
  while (threadMs() - start < calibrationMs) {
    workOneUnit();
    units += 1;
    if (units % 20 === 0) await delay(0);
  }
  return (threadMs() - start) / units;
}

if (isMainThread && process.send !== undefined) {
  const longestMs: number[] = [];
  let before: number | undefined;
  let isOn = false;
  const turn = () => {
    const now = threadMs();
    const tookMs = now - (before ?? now);
    before = now;
    if (tookMs > (longestMs[kept - 1] ?? 0)) {
      longestMs.push(tookMs);
      longestMs.sort((a, b) => b - a).splice(kept);
    }
    if (isOn) setImmediate(turn);
  };
  process.on('message', async (message) => {
    if (typeof message === 'number') {
      for (let units = 0; units < message; units += 1) workOneUnit();
    } else if (message === 'start') {
      longestMs.length = 0;
      before = undefined;
      isOn = true;
      turn();
    } else {
      isOn = false;
      const reading: LoopReading = { longestMs: [...longestMs], unitMs: await calibrate() };
      process.send?.(reading);
    }
  });
}
