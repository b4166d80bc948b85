import type { Clock } from '../../src/domain/clock.ts';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Lets time go by on both clocks. */
  advance(ms: number): void;
  /** Sets the wall clock, backwards too; the monotonic one does not notice. */
  setNow(now: number): void;
}

/** A clock that stands at `now`, by default at 2026-01-01. */
export function fakeClock(now = Date.UTC(2026, 0)): FakeClock {
  let wallMs = now;
  let monotonicMs = 0;
  return {
    now: () => wallMs,
    monotonicMs: () => monotonicMs,
    advance(ms) {
      wallMs += ms;
      monotonicMs += ms;
    },
    setNow(to) {
      wallMs = to;
    },
  };
}
