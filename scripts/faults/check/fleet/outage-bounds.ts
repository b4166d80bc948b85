import type { FaultName } from '../../fault-name.ts';
import { findWriteGaps, type Gap, longestGapIn } from '../gaps.ts';
import type { Invariant } from '../invariant.ts';

/**
 * How long no write is answered at most, in milliseconds, by what happens (docs/faults.md, "Bounds"). Faults without a
 * bound are measured all the same.
 */
export const outageBoundsMs: Readonly<Partial<Record<FaultName, number>>> = {
  'kill-9': 22_000,
  'kill-9-ttl': 22_000,
  'kill-litefs': 3_000,
  'power-loss': 23_000,
  sigstop: 25_000,
  'consul-black-hole': 23_000,
  handoff: 500,
  sigterm: 500,
  'rolling-deploy': 500,
};

/** Writes are back this long after Consul is. */
const afterConsulMs = 5_000;

/** O3. After each fault writes are answered again within its bound. */
export const outageBounds: Invariant = {
  id: 'O3',
  sentence: 'Writes are back within the time that each fault is given.',
  judge(history, tally) {
    const gaps = findWriteGaps(history);
    for (const fault of history.faults) {
      const gap = longestGapIn(gaps, fault);
      if (gap === undefined) continue;
      const [tookMs, boundMs] =
        fault.name === 'consul-refused'
          ? [gap.toAt - Math.max(gap.fromAt, fault.healAt), afterConsulMs]
          : [gap.ms, outageBoundsMs[fault.name]];
      if (boundMs === undefined) continue;
      tally.look();
      if (tookMs <= boundMs) continue;
      tally.offend(
        `With ${fault.name} no write was answered for ${inSeconds(tookMs)} s; ${inSeconds(boundMs)} s are given.`,
        [fault.start, ...edgesOf(gap)],
      );
    }
  },
};

function edgesOf({ before, after }: Gap) {
  return [before, after];
}

function inSeconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
