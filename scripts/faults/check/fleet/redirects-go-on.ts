import type { FaultName } from '../../fault-name.ts';
import type { Operation } from '../../history.ts';
import type { History } from '../history.ts';
import type { Invariant } from '../invariant.ts';
import { isLookUp } from '../look-up.ts';

/**
 * O1. A node that is up redirects every link that it has redirected before, whatever else is gone. Asked past the edge,
 * so that nothing but the node can be the reason.
 */
export const redirectsGoOn: Invariant = {
  id: 'O1',
  sentence: 'Redirects never fail on a node that lives, whatever else is gone.',
  judge(history, tally) {
    const isLiving = livesOf(history);
    const served = new Set<string>();
    for (const redirect of history.operations) {
      if (redirect.op !== 'follow' || redirect.via !== history.nodeOf(redirect)) continue;
      const name = `${redirect.via} ${redirect.key}`;
      if (isLookUp(redirect) && redirect.value !== null) served.add(name);
      if (!served.has(name) || !isLiving(redirect)) continue;
      tally.look();
      const isServerError = redirect.status !== undefined && redirect.status >= 500;
      if (redirect.type !== 'unknown' && !isServerError) continue;
      tally.offend(`${redirect.via} lives, and did not redirect.`, [redirect]);
    }
  },
};

/**
 * Whether the node that was asked was up for all of the operation. Those that hang or are ended are down from the start
 * of the fault on, before the run has noted it.
 */
function livesOf(history: History): (operation: Operation) => boolean {
  const changes = Map.groupBy(history.events.node, (event) => event.node);
  const ends = history.faults.filter(({ name }) => endsNodes.has(name));
  return ({ via, invokedAt, returnedAt }) => {
    const events = changes.get(via) ?? [];
    const last = events.findLast((event) => event.at <= invokedAt);
    if (last?.state === 'down') return false;
    if (events.some(({ at, state }) => state === 'down' && at > invokedAt && at <= returnedAt)) {
      return false;
    }
    return !ends.some(
      ({ targets, startAt, healAt }) =>
        targets.includes(via) && returnedAt >= startAt && invokedAt <= healAt,
    );
  };
}

const endsNodes: ReadonlySet<FaultName> = new Set([
  'kill-9',
  'kill-9-ttl',
  'power-loss',
  'sigstop',
  'node-paused',
  'kill-litefs',
  'kill-app',
  'stale-candidate',
  'stale-candidate-alone',
  'link-lossy',
  'link-cut',
  'disk-full-data',
  'sigterm',
  'rolling-deploy',
  'failing-migration',
  'volume-wiped',
]);
