import type { Choices } from '../step.ts';

/**
 * The candidates: two, both in the primary region. One has no failover, and a third is no candidate as long as the other
 * two are (docs/guard.md).
 */
export const candidates = 2;

/** How many machines each region is to have, the primary region first. */
export function wantedMachines({
  primaryRegion,
  otherRegions,
}: Choices): ReadonlyMap<string, number> {
  const others = otherRegions.filter((region) => region !== primaryRegion);
  return new Map([
    [primaryRegion, candidates],
    ...others.map((region): [string, number] => [region, 1]),
  ]);
}
