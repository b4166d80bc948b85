import { median, spread } from '../../bench/statistics.ts';
import { gapsByFault } from '../check/gaps.ts';
import type { History } from '../check/history.ts';
import { invariants } from '../check/invariants.ts';
import { judge, type Verdict } from '../check/judge.ts';
import type { FaultName } from '../fault-name.ts';

/** How long writes stayed away with one kind of fault, over all times it happened. Milliseconds. */
export interface GapSpread {
  readonly times: number;
  readonly minMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

/** What a run came to: `--json` writes it as it is. */
export interface FaultResult {
  readonly seed: number;
  /** How often the node that had the lease lost it to a fault. */
  readonly primaryLosses: number;
  readonly invariants: readonly Verdict[];
  /** The longest time without an answered write, by fault. */
  readonly gapsMs: Readonly<Partial<Record<FaultName, number>>>;
  readonly gapSpreads: Readonly<Partial<Record<FaultName, GapSpread>>>;
}

/** Judges a history by everything. */
export function toResult(history: History): FaultResult {
  const gaps = [...gapsByFault(history)];
  return {
    seed: history.run.seed,
    primaryLosses: history.faults.filter(({ losesPrimary }) => losesPrimary).length,
    invariants: invariants.map((invariant) => judge(invariant, history)),
    gapsMs: Object.fromEntries(gaps.map(([name, all]) => [name, Math.round(Math.max(...all))])),
    gapSpreads: Object.fromEntries(gaps.map(([name, all]) => [name, toSpread(all)])),
  };
}

/** The invariants that do not hold. One that was not checked is none of them. */
export function findBroken({ invariants: verdicts }: FaultResult): readonly Verdict[] {
  return verdicts.filter(({ holds }) => holds === false);
}

function toSpread(gaps: readonly number[]): GapSpread {
  const { min, max } = spread(gaps);
  return {
    times: gaps.length,
    minMs: Math.round(min),
    medianMs: Math.round(median(gaps)),
    maxMs: Math.round(max),
  };
}
