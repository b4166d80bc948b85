import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createCountingPace } from '../../src/clicks/counting-pace.ts';

describe('the pace of counting', () => {
  it('rests four times as long as it works while one core is busy', () => {
    const findRestMs = createCountingPace(() => 0, 1);
    spin(50);
    expect(findRestMs(10)).toBe(40);
  });

  it('rests less the longer clicks wait, and not at all after four minutes', () => {
    const restAfter = (oldestMs: number) => {
      const findRestMs = createCountingPace(() => oldestMs, 1);
      spin(50);
      return findRestMs(10);
    };
    expect(restAfter(120_000)).toBe(20);
    expect(restAfter(240_000)).toBe(0);
    expect(restAfter(1_000_000)).toBe(0);
  });

  it('does not rest while the event loop has time', async () => {
    const findRestMs = createCountingPace(() => 0, 1);
    await delay(200);
    expect(findRestMs(10)).toBe(0);
  });

  it('judges the time since it was asked last', async () => {
    const findRestMs = createCountingPace(() => 0, 1);
    await delay(200);
    findRestMs(10);
    spin(50);
    expect(findRestMs(10)).toBe(40);
  });

  it('never rests where the writer has a core of its own', () => {
    const findRestMs = createCountingPace(() => 0, 2);
    spin(50);
    expect(findRestMs(10)).toBe(0);
  });
});

/** Keeps the event loop busy. */
function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
