import type { Clock } from './domain/clock.ts';

/** The clocks of this machine. */
export const systemClock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
