import { askNode } from '../../cluster/node-status.ts';
import { until } from '../../cluster/until.ts';
import type { World } from '../world/world.ts';
import type { ClickCounters } from './click-counters.ts';

const timeoutMs = 60_000;
/** Positions are the same, and stay so for as long. */
const stillMs = 2_000;

/**
 * Waits until nothing moves any more: all nodes at one position, all clicks counted everywhere. Throws a `ClusterFailure`
 * otherwise.
 */
export async function quiesce(
  world: World,
  counters: ClickCounters,
  signal: AbortSignal,
): Promise<void> {
  await world.untilSettled(signal);
  let last = '';
  let since = performance.now();
  await until(
    async () => {
      const answers = await Promise.all(world.nodes.map(({ process }) => askNode(process)));
      const waiting = await Promise.all(world.nodes.map((node) => counters.note(node)));
      const positions = answers.map((answer) => JSON.stringify(answer?.position));
      const state = JSON.stringify([positions, waiting]);
      const isStill = new Set(positions).size === 1 && waiting.every((clicks) => clicks === 0);
      if (!isStill || state !== last) {
        last = state;
        since = performance.now();
        return false;
      }
      return performance.now() - since >= stillMs;
    },
    { what: 'all nodes are at one position and have counted all clicks', timeoutMs, signal },
  );
}
