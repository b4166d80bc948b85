import type { History } from './history.ts';
import type { Tally } from './tally.ts';

/** Something that has to be true of every history. */
export interface Invariant {
  /** Such as `L1`: links, `K`: clicks, `O`: the fleet. */
  readonly id: string;
  /** What it promises, in one sentence. */
  readonly sentence: string;
  /** Looks at the whole history. O(n log n) in the number of its records. */
  judge(history: History, tally: Tally): void;
}
