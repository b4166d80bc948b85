import type { EventOf, Operation } from '../../history.ts';
import type { FaultWindow } from '../fault-window.ts';
import type { History } from '../history.ts';
import { isHit } from '../hits.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';
import { isAtTarget } from './around-faults.ts';
import { findShortfalls, toLinkCounts } from './counts.ts';

/** K10. While the spool's disk is full redirects go on, and the clicks that are missing are as many as were told. */
export const toldDrops: Invariant = {
  id: 'K10',
  sentence: 'A full spool never stops a redirect, and each click it drops is told.',
  judge(history, tally) {
    const faults = history.faults.filter((fault) => fault.name === 'disk-full-spool');
    for (const fault of faults) findRefused(history, fault, tally);
    if (faults.length > 0) compareWithTold(history, faults, tally);
  },
};

function findRefused(history: History, fault: FaultWindow, tally: Tally): void {
  for (const hit of history.operations) {
    if (hit.op !== 'follow' || !isIn(history, fault, hit) || hit.via !== history.nodeOf(hit)) {
      continue;
    }
    tally.look();
    if (hit.type === 'ok') continue;
    tally.offend(`${hit.via} did not redirect while its spool was full.`, [fault.start, hit]);
  }
}

/** What is missing lies between what was dropped without a doubt and all that was dropped. */
function compareWithTold(history: History, faults: readonly FaultWindow[], tally: Tally): void {
  const targets = new Set(faults.flatMap((fault) => fault.targets));
  const last = lastCounters(history.events.clickCounters.filter(({ node }) => targets.has(node)));
  const told = last.reduce((sum, { dropped }) => sum + dropped, 0);
  const uncertain = history.operations.filter((hit) => isHit(hit) && hit.type === 'unknown').length;
  for (const final of history.events.final) {
    const shortfalls = findShortfalls(history, toLinkCounts(history, final)).filter(
      ({ excused }) => excused.dropped > 0,
    );
    const missing = shortfalls.reduce(
      (sum, each) => sum + Math.min(each.missing, each.excused.dropped),
      0,
    );
    const reads = shortfalls.map(({ link }) => link.read);
    // What a power cut or a destroyed volume may have taken need not have been dropped.
    const surelyDropped = shortfalls.reduce(
      (sum, { missing: all, excused: { power, wiped } }) => sum + Math.max(0, all - power - wiped),
      0,
    );
    if (surelyDropped > told) {
      tally.offend(`${surelyDropped} clicks were dropped, and ${told} told.`, [...last, ...reads]);
    } else if (told > missing + uncertain + hitsOfOthers(history, faults)) {
      tally.offend(`${told} clicks were told as dropped, and ${missing} are missing.`, [
        ...last,
        ...reads,
      ]);
    }
  }
}

/** Hits in the time of the fault on links that the final counts cannot be compared for. */
function hitsOfOthers(history: History, faults: readonly FaultWindow[]): number {
  return history.operations.filter(
    (hit) =>
      isHit(hit) &&
      !history.slugs.get(hit.key ?? '')?.isOneLink &&
      faults.some((fault) => isIn(history, fault, hit)),
  ).length;
}

function isIn(history: History, fault: FaultWindow, hit: Operation): boolean {
  return (
    isAtTarget(history, fault, hit) &&
    hit.returnedAt >= fault.startAt &&
    hit.invokedAt <= fault.healAt
  );
}

/** Of each start of each app the last thing it said. */
function lastCounters(events: readonly EventOf<'clickCounters'>[]): EventOf<'clickCounters'>[] {
  const last = new Map<string, EventOf<'clickCounters'>>();
  for (const event of events) last.set(`${event.node} ${event.startedAt}`, event);
  return [...last.values()].filter((event) => event.dropped > 0);
}
