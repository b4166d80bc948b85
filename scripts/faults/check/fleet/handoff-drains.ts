import type { FaultName } from '../../fault-name.ts';
import { gaveUp } from '../../history.ts';
import { quoteFinal } from '../evidence.ts';
import type { FaultWindow } from '../fault-window.ts';
import { touches } from '../fault-window.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';

const handoffs: ReadonlySet<FaultName> = new Set(['handoff', 'handoff-under-load', 'sigterm']);

/** A client that waited so long in vain was not answered; one that gave up earlier cannot tell. */
const patienceMs = 5_000;

/**
 * O4. While the lease is handed over each write is answered, or refused with a time to try again; none that was answered is
 * lost, be it local; and no LiteFS loses its right to write within a transaction (exit 99).
 */
export const handoffDrains: Invariant = {
  id: 'O4',
  sentence: 'A handoff finishes what is on its way, and loses nothing.',
  judge(history, tally) {
    for (const fault of history.faults) {
      if (!handoffs.has(fault.name)) continue;
      judgeWrites(history, fault, tally);
      findLost(history, fault, tally);
      findCrashes(history, fault, tally);
    }
  },
};

function judgeWrites({ writes }: History, fault: FaultWindow, tally: Tally): void {
  for (const write of writes) {
    if (!touches(fault, write.invokedAt, write.returnedAt)) continue;
    // How long an answer takes is the matter of O3.
    if (write.error === gaveUp && write.returnedAt - write.invokedAt < patienceMs) continue;
    tally.look();
    if (write.type === 'unknown') {
      tally.offend('Of a write during a handoff nobody knows what became of it.', [
        fault.start,
        write,
      ]);
    } else if (write.type === 'fail' && write.status === 503 && write.retryAfter === false) {
      tally.offend('A handoff refused a write without a time to try again.', [fault.start, write]);
    } else if (write.type === 'fail' && (write.status ?? 500) >= 500 && write.status !== 503) {
      tally.offend('A handoff failed a write.', [fault.start, write]);
    }
  }
}

function findLost({ events, slugs }: History, fault: FaultWindow, tally: Tally): void {
  // What another fault loses after the handoff is told by it.
  const untilAt = fault.healAt;
  for (const [slug, writes] of slugs) {
    const last = writes.findLastOk(
      (write) => write.returnedAt <= untilAt && write.returnedAt >= fault.startAt,
    );
    if (last === undefined || last.durability !== 'local') continue;
    for (const final of events.final) {
      const value = final.links[slug] ?? null;
      if (!writes.isOlder(value, last)) continue;
      tally.offend(`A write of ${slug} was answered during a handoff, and is lost.`, [
        fault.start,
        last,
        quoteFinal(final, slug, value),
      ]);
    }
  }
}

function findCrashes({ events }: History, fault: FaultWindow, tally: Tally): void {
  for (const exit of events.exit) {
    if (exit.code !== 99 || exit.at < fault.startAt || exit.at > fault.healAt) continue;
    tally.offend(`A handoff took the right to write from a transaction on ${exit.node}.`, [
      fault.start,
      exit,
    ]);
  }
}
