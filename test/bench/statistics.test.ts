import { expect, test } from 'vitest';
import { mean, median, quantile, ratiosByRound, spread } from '../../scripts/bench/statistics.ts';

const hundred = Array.from({ length: 100 }, (_, index) => ((index * 37) % 100) + 1);

test.each([
  [0, 1],
  [0.01, 1],
  [0.5, 50],
  [0.501, 51],
  [0.99, 99],
  [1, 100],
])('the share %s of 1 to 100 is at or below %s', (share, value) => {
  expect(quantile(hundred, share)).toBe(value);
});

test('the mean of values counts each of them as much, and of none there is none', () => {
  expect(mean([1, 2, 9])).toBe(4);
  expect(mean([])).toBeNaN();
});

test('a quantile leaves the order of its values alone, and of none there is none', () => {
  const values = [3, 1, 2];
  expect(quantile(values, 0.5)).toBe(2);
  expect(values).toEqual([3, 1, 2]);
  expect(quantile([], 0.5)).toBeNaN();
});

test.each([
  [[5], 5],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2],
  [[10, 9, 100], 10],
])('the median of %j is %s', (values, middle) => {
  expect(median(values)).toBe(middle);
});

test('a spread goes from the least to the most', () => {
  expect(spread([2, 3, 1])).toEqual({ min: 1, max: 3 });
});

test('a round in which everything is slow has the ratios of a fast one', () => {
  expect(ratiosByRound([50, 5], [100, 10])).toEqual([0.5, 0.5]);
  expect(median(ratiosByRound([50, 5, 60], [100, 10, 100]))).toBe(0.5);
});

test('a round without a baseline has no ratio', () => {
  expect(ratiosByRound([1, 2], [1])).toEqual([1, Number.NaN]);
});
