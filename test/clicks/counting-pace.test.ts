import type { EventLoopUtilization } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { createCountingPace } from '../../src/clicks/shipping/counting-pace.ts';

describe('the pace of counting', () => {
  it('rests four times as long as it works while one core is busy', () => {
    const loop = new TestLoop();
    const findRestMs = createCountingPace(() => 0, 1, loop.read);
    loop.run({ active: 60, idle: 40 });
    expect(findRestMs(10)).toBe(40);
  });

  it('does not rest while the event loop has time', () => {
    const loop = new TestLoop();
    const findRestMs = createCountingPace(() => 0, 1, loop.read);
    loop.run({ active: 59, idle: 41 });
    expect(findRestMs(10)).toBe(0);
  });

  it('rests less the longer clicks wait, and not at all after four minutes', () => {
    const restAfter = (oldestMs: number) => {
      const loop = new TestLoop();
      const findRestMs = createCountingPace(() => oldestMs, 1, loop.read);
      loop.run({ active: 100, idle: 0 });
      return findRestMs(10);
    };
    expect(restAfter(120_000)).toBe(20);
    expect(restAfter(240_000)).toBe(0);
    expect(restAfter(1_000_000)).toBe(0);
  });

  it('judges the time since it was asked last', () => {
    const loop = new TestLoop();
    loop.run({ active: 10_000, idle: 0 });
    const findRestMs = createCountingPace(() => 0, 1, loop.read);
    loop.run({ active: 0, idle: 1_000 });
    expect(findRestMs(10)).toBe(0);
    loop.run({ active: 100, idle: 0 });
    expect(findRestMs(10)).toBe(40);
    loop.run({ active: 0, idle: 100 });
    expect(findRestMs(10)).toBe(0);
  });

  it('never rests where the writer has a core of its own', () => {
    const loop = new TestLoop();
    const findRestMs = createCountingPace(() => 0, 2, loop.read);
    loop.run({ active: 100, idle: 0 });
    expect(findRestMs(10)).toBe(0);
  });
});

/** An event loop that was active and idle for as long as a test says, in milliseconds. */
class TestLoop {
  #total: EventLoopUtilization = { active: 0, idle: 0, utilization: 0 };

  run({ active, idle }: { readonly active: number; readonly idle: number }): void {
    this.#total = utilizationOf(this.#total.active + active, this.#total.idle + idle);
  }

  /** Since it began, or since an earlier reading. */
  readonly read = (since?: EventLoopUtilization): EventLoopUtilization => {
    const { active, idle } = this.#total;
    return since === undefined
      ? this.#total
      : utilizationOf(active - since.active, idle - since.idle);
  };
}

function utilizationOf(active: number, idle: number): EventLoopUtilization {
  return { active, idle, utilization: active + idle === 0 ? 0 : active / (active + idle) };
}
