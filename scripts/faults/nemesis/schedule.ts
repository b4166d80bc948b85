import type { Chance } from '../driver/chance.ts';
import { clocksOff } from './clocks.ts';
import { consulBlackHole, consulRefused, consulWiped } from './consul.ts';
import { rollingDeploy } from './deploys.ts';
import { fullDataDisk, fullSpoolDisk, spoolCloned, volumeWiped } from './disks.ts';
import type { Fault } from './fault.ts';
import { ended, handoff } from './handed-over.ts';
import { hang, killByTtl, killFast, killPart, powerLoss } from './killed.ts';
import { cutLink, lossyLink, replicaPartitioned, shippingStopped } from './links.ts';
import { staleCandidate } from './stale.ts';

/** Which faults a run has. The order within a block is drawn. */
export type Plan = 'full' | 'cut';

/** `times` of the same. */
function repeat(times: number, fault: Fault): Fault[] {
  return Array.from({ length: times }, () => fault);
}

/** The blocks of a run, one after another. `copies` holds what a deployment runs from, until the run is over. */
function blocks(plan: Plan, copies: DisposableStack): readonly (readonly Fault[])[] {
  if (plan === 'cut') {
    return [
      [...repeat(3, killFast), killPart('kill-litefs', 'primary'), killPart('kill-app', 'primary')],
      [powerLoss, ...repeat(2, handoff), cutLink],
      [staleCandidate, replicaPartitioned, consulBlackHole],
    ];
  }
  return [
    [...repeat(8, killFast), ...repeat(2, handoff)],
    [...repeat(6, handoff), ...repeat(2, ended)],
    [killByTtl, powerLoss, hang],
    [consulBlackHole, consulRefused, consulWiped],
    [staleCandidate, lossyLink, ...repeat(4, cutLink)],
    [replicaPartitioned, shippingStopped, fullDataDisk, fullSpoolDisk],
    [
      killPart('kill-app', 'replica'),
      killPart('kill-litefs', 'replica'),
      killPart('kill-app', 'primary'),
      killPart('kill-litefs', 'primary'),
    ],
    [clocksOff, rollingDeploy(copies)],
    [volumeWiped],
    [spoolCloned],
  ];
}

/** What befalls the fleet, in this order. `only` keeps one kind. Throws an error that names all kinds when there is none of it. */
export function makeSchedule(
  plan: Plan,
  chance: Chance,
  copies: DisposableStack,
  only?: string,
): readonly Fault[] {
  const all = blocks(plan, copies);
  if (only === undefined) return all.flatMap((block) => chance.shuffle(block));
  const kept = all.flat().filter(({ name }) => name === only);
  if (kept.length > 0) return kept;
  const names = [...new Set(all.flat().map(({ name }) => name))].join(', ');
  throw new Error(`There is no fault ${only}: there are ${names}.`);
}
