import type { Random } from '../../domain/random.ts';

const firstMs = 100;
const longestMs = 5_000;

/**
 * How long to wait after so many failures in a row, from 1, in milliseconds: anything up to 100 ms, then up to twice as
 * much each time until 5 s, so that nodes which failed together do not come back together.
 */
export function backOffMs(failures: number, random: Random): number {
  const boundMs = Math.min(longestMs, firstMs * 2 ** (failures - 1));
  const [a = 0, b = 0] = random.bytes(2);
  return (boundMs * (a * 256 + b)) / 65_535;
}
