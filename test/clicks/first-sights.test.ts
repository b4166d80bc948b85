import { describe, expect, it } from 'vitest';
import { FirstSights } from '../../src/clicks/facts/first-sights.ts';

/** Numbers that look drawn, the same in each run. Source: mulberry32, Tommy Ettinger. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return value ^ (value >>> 14);
  };
}

/** How many of `count` pairs of a link and a visitor are new to `sights`. */
function addPairs(sights: FirstSights, count: number, links: number): number {
  const next = numbers(count);
  let found = 0;
  for (let pair = 0; pair < count; pair += 1) {
    if (sights.add(((next() >>> 0) % links) + 1, next(), next())) found += 1;
  }
  return found;
}

describe('first sights', () => {
  it('are first once', () => {
    const sights = new FirstSights();
    expect(sights.add(1, 2, 3)).toBe(true);
    expect(sights.add(1, 2, 3)).toBe(false);
  });

  it.each<[title: string, pair: [linkId: number, low: number, high: number]]>([
    ['another link', [2, 5, 7]],
    ['a link far away with the same low bits', [1 + 2 ** 32, 5, 7]],
    ['the last link there can be', [Number.MAX_SAFE_INTEGER, 5, 7]],
    ['a visitor with another low half', [1, 6, 7]],
    ['a visitor with another high half', [1, 5, 8]],
    ['a visitor with halves swapped', [1, 7, 5]],
    ['a negative half', [1, -5, 7]],
  ])('are first again for %s', (_title, pair) => {
    const sights = new FirstSights();
    sights.add(1, 5, 7);
    expect(sights.add(...pair)).toBe(true);
    expect(sights.add(...pair)).toBe(false);
  });

  it('find all but 0.01 % of 1 million pairs, and take none for new again', () => {
    const sights = new FirstSights();
    expect(addPairs(sights, 1_000_000, 10_000)).toBeGreaterThan(999_900);
    expect(addPairs(sights, 1_000_000, 10_000)).toBe(0);
  });

  it('find all but 1.1 % of 5 million pairs', () => {
    expect(addPairs(new FirstSights(), 5_000_000, 10_000)).toBeGreaterThan(5_000_000 * 0.989);
  });

  it('find the pairs of few visitors and many links as well', () => {
    const sights = new FirstSights();
    let found = 0;
    for (let visitor = 0; visitor < 1_000; visitor += 1) {
      for (let link = 1; link <= 1_000; link += 1) {
        if (sights.add(link, visitor, 0)) found += 1;
      }
    }
    expect(found).toBeGreaterThan(999_900);
  });
});
