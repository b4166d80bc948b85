import { ClusterFailure } from '../../cluster/cluster-failure.ts';
import type { Chance } from '../driver/chance.ts';
import { clicksRestored } from './clicks-restored.ts';
import { clocksOff } from './clocks.ts';
import { consulBlackHole, consulRefused, consulWiped } from './consul.ts';
import { failingMigration, rollingDeploy } from './deploys.ts';
import { fullDataDisk, fullSpoolDisk, spoolCloned, volumeWiped } from './disks.ts';
import type { Fault } from './fault.ts';
import { followerLeftBehind } from './follower-left-behind.ts';
import { ended, handoff } from './handed-over.ts';
import { handoffUnderLoad } from './handoff-under-load.ts';
import { hang, killByTtl, killFast, killPart, powerLoss } from './killed.ts';
import { cutLink, lossyLink, replicaPartitioned, shippingStopped } from './links.ts';
import { nodePaused } from './node-paused.ts';
import { staleCandidate, staleCandidateAlone } from './stale.ts';

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
    [staleCandidate, staleCandidateAlone, lossyLink, ...repeat(2, cutLink), followerLeftBehind],
    [replicaPartitioned, shippingStopped, fullDataDisk, fullSpoolDisk],
    [
      killPart('kill-app', 'primary'),
      killPart('kill-litefs', 'primary'),
      killPart('kill-app', 'replica'),
      killPart('kill-litefs', 'replica'),
    ],
    [failingMigration(copies), clocksOff],
    [rollingDeploy(copies)],
    [volumeWiped, clicksRestored],
    [spoolCloned],
  ];
}

/** What happens on demand alone: it takes long, or shows one thing only. */
const onDemand: readonly Fault[] = [nodePaused, handoffUnderLoad];

/** Some kinds of faults alone, as often as the plan has them, or each so many times. */
export interface Choice {
  readonly only: readonly string[];
  readonly times?: number | undefined;
}

/** What befalls the fleet, in this order. Throws an error that names all kinds when there is none of a chosen one. */
export function makeSchedule(
  plan: Plan,
  chance: Chance,
  copies: DisposableStack,
  choice?: Choice,
): readonly Fault[] {
  const planned = blocks(plan, copies);
  if (choice === undefined) return planned.flatMap((block) => chance.shuffle(block));
  const all = [...planned.flat(), ...onDemand];
  return choice.only.flatMap((chosen) => {
    const kept = all.filter(({ name }) => name === chosen);
    const [first] = kept;
    if (first === undefined) {
      const names = [...new Set(all.map(({ name }) => name))].join(', ');
      throw new ClusterFailure(`There is no fault ${chosen}: there are ${names}.`);
    }
    return choice.times === undefined ? kept : repeat(choice.times, first);
  });
}
