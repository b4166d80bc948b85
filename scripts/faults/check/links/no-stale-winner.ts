import { quoteFinal } from '../evidence.ts';
import type { FaultWindow } from '../fault-window.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';

/** The guard's grace time, and what an election may take after it. */
const takeOverMs = 60_000 + 25_000;

/**
 * L4. While one candidate slept nothing could be replicated. When it wakes alone, the other one comes back within the
 * grace time: every write of that time survives, though it was local. When the other one never comes back, the sleeper
 * leads after the grace time, and says so loudly.
 */
export const noStaleWinner: Invariant = {
  id: 'L4',
  sentence: 'A node that lacks writes does not lead while one that has them can come back.',
  judge(history, tally) {
    for (const fault of history.faults) {
      if (fault.name === 'stale-candidate') findLost(history, fault, tally);
      if (fault.name === 'stale-candidate-alone') watchTakeOver(history, fault, tally);
    }
  },
};

function findLost({ events, slugs }: History, fault: FaultWindow, tally: Tally): void {
  if (events.final.length === 0) return;
  for (const [slug, writes] of slugs) {
    const last = writes.findLastOk(
      (write) => write.invokedAt >= fault.startAt && write.returnedAt <= fault.healAt,
    );
    if (last === undefined) continue;
    tally.look();
    for (const final of events.final) {
      const value = final.links[slug] ?? null;
      if (!writes.isOlder(value, last)) continue;
      tally.offend(`${slug} was written while the other candidate slept, and is lost.`, [
        last,
        quoteFinal(final, slug, value),
      ]);
    }
  }
}

function watchTakeOver({ events }: History, fault: FaultWindow, tally: Tally): void {
  tally.look();
  const [target] = fault.targets;
  const gone = events.node.find(
    ({ node, state, at }) => state === 'down' && node !== target && at >= fault.startAt,
  );
  const goneAt = gone?.at ?? fault.startAt;
  const evidence = gone === undefined ? [fault.start] : [fault.start, gone];
  const leads = events.primary.find(({ node, at }) => node === target && at > goneAt);
  if (leads === undefined) {
    tally.offend(`${target} never led, although nobody else was left.`, evidence);
  } else if (leads.at - goneAt > takeOverMs) {
    tally.offend(`${target} led only after ${Math.round((leads.at - goneAt) / 1000)} s.`, [
      ...evidence,
      leads,
    ]);
  } else if (!events.log.some(({ kind, at }) => kind === 'alarm' && at >= goneAt)) {
    tally.offend(`${target} led without the writes it lacks, and nobody was told.`, [leads]);
  }
}
