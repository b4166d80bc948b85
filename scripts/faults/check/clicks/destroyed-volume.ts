import type { Evidence } from '../evidence.ts';
import type { FaultWindow } from '../fault-window.ts';
import type { History } from '../history.ts';
import { isHit } from '../hits.ts';
import type { Invariant } from '../invariant.ts';
import type { Tally } from '../tally.ts';
import { isAtTarget } from './around-faults.ts';
import { findExcuse, findShortfalls, toLinkCounts, unexcused } from './counts.ts';

/** K5. A destroyed volume loses no more clicks than its node said were not confirmed, and what came since it said so. */
export const destroyedVolume: Invariant = {
  id: 'K5',
  sentence: 'A destroyed volume loses only clicks that the gauge told of.',
  judge(history, tally) {
    for (const fault of history.faults) {
      if (fault.name === 'volume-wiped') judgeVolume(history, fault, tally);
    }
  },
};

function judgeVolume(history: History, fault: FaultWindow, tally: Tally): void {
  const { unconfirmed } = fault.start;
  if (unconfirmed === undefined) return;
  const since = history.operations.filter(
    (hit) =>
      isHit(hit) &&
      isAtTarget(history, fault, hit) &&
      hit.returnedAt >= unconfirmed.at &&
      hit.invokedAt <= fault.startAt,
  ).length;
  for (const final of history.events.final) {
    const links = toLinkCounts(history, final);
    const answered = links.flatMap((link) => link.answered);
    tally.look(answered.filter((hit) => findExcuse(history, hit) === 'wiped').length);
    const shortfalls = findShortfalls(history, links).filter((each) => each.excused.wiped > 0);
    const lost = shortfalls.reduce(
      (sum, each) => sum + Math.min(each.missing - unexcused(each), each.excused.wiped),
      0,
    );
    if (lost <= unconfirmed.clicks + since) continue;
    const evidence: Evidence[] = [fault.start, ...shortfalls.map((each) => each.link.read)];
    tally.offend(
      `${lost} clicks are lost with the volume, and it had told of ${unconfirmed.clicks}; ${since} came after that.`,
      evidence,
    );
  }
}
