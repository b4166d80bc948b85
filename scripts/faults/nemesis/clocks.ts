import { existsSync } from 'node:fs';
import { ClusterFailure } from '../../cluster/cluster-failure.ts';
import type { NodeVariant } from '../../cluster/node-process.ts';
import type { WorldNode } from '../world/world.ts';
import type { Fault } from './fault.ts';

const holdMs = 12_000;

/** Where Debian's package `faketime` puts its library, on both architectures. */
const libraries = ['x86_64', 'aarch64'].map(
  (machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`,
);

/**
 * The wall clocks of the far node and of a candidate are an hour off, one ahead and one behind. Programs in Go read the
 * kernel's clock past every library, so it is the app and the guard whose clocks these are.
 */
export const clocksOff: Fault = {
  name: 'clock-skew',
  losesPrimary: false,
  async prepare(stage) {
    const ahead = stage.replica();
    const behind = stage.otherCandidate(await stage.primary());
    const restart = async (node: WorldNode, variant: NodeVariant) => {
      await stage.stop(node);
      await stage.bringUp(node, variant);
    };
    return {
      targets: [ahead.id, behind.id],
      async start() {
        await restart(ahead, shifted('+1h'));
        await restart(behind, shifted('-1h'));
        await stage.hold(holdMs);
      },
      async heal() {
        await restart(ahead, {});
        await restart(behind, {});
      },
    };
  },
};

function shifted(by: string): NodeVariant {
  const library = libraries.find(existsSync);
  if (library === undefined) {
    throw new ClusterFailure('faketime must be installed: apt-get install faketime.');
  }
  return {
    env: () => ({ LD_PRELOAD: library, FAKETIME: by, FAKETIME_DONT_FAKE_MONOTONIC: '1' }),
  };
}
