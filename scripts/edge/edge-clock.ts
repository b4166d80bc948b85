import type { Clock } from '../../src/domain/clock.ts';

/** Time as the edge sees it: latency, time-outs and intervals all go through here, so that a test can hold it. */
export interface EdgeClock extends Clock {
  /** Calls `run` once after `ms` milliseconds. Returns the way to call it off. */
  after(ms: number, run: () => void): () => void;
}

/** The real clock. */
export const systemClock: EdgeClock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
export function wait(clock: EdgeClock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (ms <= 0) return resolve();
    const abort = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    signal.addEventListener('abort', abort, { once: true });
  });
}
