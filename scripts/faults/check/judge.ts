import type { Evidence } from './evidence.ts';
import type { History } from './history.ts';
import type { Invariant } from './invariant.ts';
import { Tally } from './tally.ts';

/** What became of an invariant in one history. */
export interface Verdict {
  readonly id: string;
  readonly sentence: string;
  /** Null when nothing in the history puts it to the test: that is no proof of anything. */
  readonly holds: boolean | null;
  /** How often it was put to the test. */
  readonly checked: number;
  /** The smallest set of records that break it; empty when none do. */
  readonly broken: readonly Evidence[];
  /** In words, what is wrong with them. */
  readonly why?: string;
  /** How many such sets there are. */
  readonly offences: number;
}

/** Judges a history by one invariant. */
export function judge(invariant: Invariant, history: History): Verdict {
  const { id, sentence } = invariant;
  const tally = new Tally();
  invariant.judge(history, tally);
  const { checked, offences, smallest } = tally;
  if (smallest !== undefined) {
    const { why, records } = smallest;
    return { id, sentence, holds: false, checked, broken: records, why, offences };
  }
  return { id, sentence, holds: checked > 0 ? true : null, checked, broken: [], offences };
}
