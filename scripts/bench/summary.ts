import type { Measurement } from './measurement.ts';
import { median, ratiosByRound, type Spread, spread } from './statistics.ts';
import type { Variant } from './variant.ts';

/** A variant over all rounds. Medians, unless it says otherwise. */
export interface Summary {
  readonly variant: string;
  /** The variant that is 1.00. */
  readonly baseline: string;
  /** Answers a second, as a part of the baseline's in the same round. */
  readonly ratio: number;
  readonly spread: Spread;
  /** p99, as a multiple of the baseline's in the same round. */
  readonly p99Ratio: number;
  readonly p99Spread: Spread;
  /** The baseline's CPU time for an answer over this one's. */
  readonly cpuRatio: number;
  /** Sum over all rounds. */
  readonly answered: number;
  /** Sum over all rounds; 0 for a server that counts nothing. */
  readonly counted: number;
  /** Links, summed over all rounds, whose count is not what was answered. */
  readonly miscounted: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: number;
  readonly mainCpuMicros: number;
  readonly allCpuMicros: number;
  readonly rssMb: number;
  /** The highest of all rounds. */
  readonly peakRssMb: number;
  readonly loadBusy: number;
  /** Clicks that were not yet counted when the last answer came. */
  readonly uncounted: number;
  readonly countSeconds: number;
  readonly createdPerSecond: number;
}

/** Sums up all variants; the baseline of each has to be among them. */
export function summarize(
  measured: ReadonlyMap<Variant, readonly Measurement[]>,
): readonly Summary[] {
  const byName = new Map([...measured].map(([{ name }, rounds]) => [name, rounds]));
  return [...measured].map(([variant, rounds]) => {
    const baseline = byName.get(variant.baseline) ?? [];
    const all = (field: keyof Measurement) => rounds.map((round) => round[field]);
    const sum = (field: keyof Measurement) => all(field).reduce((total, each) => total + each, 0);
    const middle = (field: keyof Measurement) => median(all(field));
    const ratios = (field: keyof Measurement) =>
      ratiosByRound(
        all(field),
        baseline.map((round) => round[field]),
      );
    return {
      variant: variant.name,
      baseline: variant.baseline,
      ratio: median(ratios('perSecond')),
      spread: spread(ratios('perSecond')),
      p99Ratio: median(ratios('p99Ms')),
      p99Spread: spread(ratios('p99Ms')),
      cpuRatio: 1 / median(ratios('cpuMicros')),
      answered: sum('answered'),
      counted: sum('counted'),
      miscounted: sum('miscounted'),
      perSecond: middle('perSecond'),
      p50Ms: middle('p50Ms'),
      p99Ms: middle('p99Ms'),
      cpuMicros: middle('cpuMicros'),
      mainCpuMicros: middle('mainCpuMicros'),
      allCpuMicros: middle('allCpuMicros'),
      rssMb: middle('rssMb'),
      peakRssMb: Math.max(...all('peakRssMb')),
      loadBusy: middle('loadBusy'),
      uncounted: middle('uncounted'),
      countSeconds: middle('countSeconds'),
      createdPerSecond: middle('createdPerSecond'),
    };
  });
}
