import type { FaultName } from '../fault-name.ts';
import type { Operation } from '../history.ts';
import type { FaultWindow } from './fault-window.ts';
import type { History } from './history.ts';

/** A time without an answered write. */
export interface Gap {
  readonly fromAt: number;
  readonly toAt: number;
  readonly ms: number;
  /** The write that was answered last before it, and the first one after it, or the last one that was tried. */
  readonly before: Operation;
  readonly after: Operation;
}

/** The times between answered writes, in their order; and from the last one to the last write that was tried in vain. */
export function findWriteGaps({ writes }: History): Gap[] {
  const byReturn = writes.toSorted((one, other) => one.returnedAt - other.returnedAt);
  const last = byReturn.at(-1);
  const answered = byReturn.filter((write) => write.type === 'ok' || write === last);
  return answered.slice(1).map((after, index) => {
    const before = answered[index] as Operation;
    const ms = after.returnedAt - before.returnedAt;
    return { fromAt: before.returnedAt, toAt: after.returnedAt, ms, before, after };
  });
}

/** The longest gap that lies in the time of a fault, in part at least; `undefined` when no write was answered around it. */
export function longestGapIn(gaps: readonly Gap[], fault: FaultWindow): Gap | undefined {
  let longest: Gap | undefined;
  for (let index = firstEndingAfter(gaps, fault.startAt); index < gaps.length; index++) {
    const gap = gaps[index] as Gap;
    if (gap.fromAt > fault.healAt) break;
    if (longest === undefined || gap.ms > longest.ms) longest = gap;
  }
  return longest;
}

/** The longest write gap of each fault, by all times it happened, in their order. */
export function gapsByFault(history: History): Map<FaultName, number[]> {
  const gaps = findWriteGaps(history);
  const byFault = new Map<FaultName, number[]>();
  for (const fault of history.faults) {
    const gap = longestGapIn(gaps, fault);
    if (gap === undefined) continue;
    const known = byFault.get(fault.name);
    if (known === undefined) byFault.set(fault.name, [gap.ms]);
    else known.push(gap.ms);
  }
  return byFault;
}

function firstEndingAfter(gaps: readonly Gap[], at: number): number {
  let low = 0;
  let high = gaps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((gaps[middle] as Gap).toAt < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
