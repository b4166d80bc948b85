import type { Chance } from './chance.ts';

/** Picks as people do: the first is wanted most, and the n-th about 1/n as often. */
export function zipf<T>(from: readonly T[], chance: Chance): T {
  const rank = Math.floor(from.length ** chance.draw()) - 1;
  return from[Math.min(Math.max(rank, 0), from.length - 1)] as T;
}
