import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CountSums } from '../../src/storage/click-counts.ts';
import { TopList } from '../../src/storage/top-list.ts';

test('a top list has the greatest, the first of equal ones, and none without weight', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }),
      fc.integer({ min: 1, max: 30 }),
      (weights, limit) => {
        const list = new TopList<number>(limit);
        for (const [index, weight] of weights.entries()) list.add(weight, index);
        const expected = [...weights.entries()]
          .filter(([, weight]) => weight > 0)
          .sort((a, b) => b[1] - a[1] || a[0] - b[0])
          .slice(0, limit)
          .map(([index]) => index);
        expect(list.toArray()).toEqual(expected);
      },
    ),
  );
});

describe('sums', () => {
  test('add up by number', () => {
    const sums = new CountSums();
    sums.add(7, { clicks: 1, bots: 2, visitors: 3 });
    sums.add(8, { clicks: 1, bots: 0, visitors: 0 });
    sums.add(7, { clicks: 10, bots: 20, visitors: 30 });
    expect([...sums]).toEqual([
      [7, { clicks: 11, bots: 22, visitors: 33 }],
      [8, { clicks: 1, bots: 0, visitors: 0 }],
    ]);
  });

  test('are bounded by forgetting the smallest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 100 }),
        fc.integer({ min: 0, max: 100 }),
        (counts, size) => {
          const sums = new CountSums();
          for (const [id, clicks] of counts.entries()) {
            sums.add(id, { clicks, bots: 1, visitors: 0 });
          }
          sums.prune(size);
          const kept = [...sums].map(([id]) => id);
          expect(sums.size).toBeLessThanOrEqual(Math.max(size, 0));
          if (counts.length <= size) expect(kept).toHaveLength(counts.length);
          const least = Math.min(...kept.map((id) => counts[id] ?? 0));
          const forgotten = counts.filter((_, id) => !kept.includes(id));
          for (const clicks of forgotten) expect(clicks).toBeLessThanOrEqual(least);
        },
      ),
    );
  });
});
