import { describe, expect, it } from 'vitest';
import { RedirectTimes } from '../../src/redirect/redirect-times.ts';

describe('the times of redirects', () => {
  it('have buckets from 50 µs to 1 s', () => {
    const { bounds, counts, sum } = new RedirectTimes().read();
    expect([bounds[0], bounds.at(-1)]).toEqual([0.00005, 1]);
    expect(bounds.toSorted((a, b) => a - b)).toEqual(bounds);
    expect(counts).toEqual([...bounds, Infinity].map(() => 0));
    expect(sum).toBe(0);
  });

  it.each([
    [0, 0.00005],
    [0.05, 0.00005],
    [0.051, 0.0001],
    [7, 0.01],
    [1000, 1],
    [1000.1, Infinity],
    [90_000, Infinity],
  ])('that are %f ms lie in the bucket up to %f s', (ms, bound) => {
    const times = new RedirectTimes();
    times.add(ms, 3);
    times.add(ms, 0);
    const { bounds, counts, sum } = times.read();
    const filled = [...bounds, Infinity].filter((_, at) => counts[at] === 3);
    expect(filled).toEqual([bound]);
    expect(counts.reduce((total, count) => total + count)).toBe(3);
    expect(sum).toBeCloseTo((3 * ms) / 1000);
  });
});
