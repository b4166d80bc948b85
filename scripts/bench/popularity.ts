/** How often links are asked for: each once and in turn, all alike, or the n-th most popular 1 / n as often as the first. */
export type Popularity = 'in-turn' | 'uniform' | 'zipf';

/**
 * Draws which of `count` links is asked for next, from 0. Zipf's exponent is 1. The order of popularity is that of
 * the numbers, which slugs hide: popular ones lie anywhere in an index.
 */
export function createPick(
  popularity: Popularity,
  count: number,
  random: () => number = Math.random,
): () => number {
  switch (popularity) {
    case 'in-turn': {
      let next = 0;
      return () => next++ % count;
    }
    case 'uniform':
      return () => Math.floor(random() * count);
    case 'zipf': {
      const sums = harmonicSums(count);
      const total = sums[count - 1] ?? 0;
      return () => firstAbove(sums, random() * total);
    }
    default:
      return popularity satisfies never;
  }
}

/** 1, 1 + 1/2, 1 + 1/2 + 1/3 and so on. */
function harmonicSums(count: number): Float64Array {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    sum += 1 / rank;
    sums[rank - 1] = sum;
  }
  return sums;
}

/** The index of the first of rising `values` that is above `value`; the last one at most. */
function firstAbove(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
