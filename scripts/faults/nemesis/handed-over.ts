import { runHoplite } from '../../../test/support/run-hoplite.ts';
import { ClusterFailure } from '../../cluster/cluster-failure.ts';
import type { Fault } from './fault.ts';

/** The lease is handed over in order, by `hoplite handoff` on the primary. */
export const handoff: Fault = {
  name: 'handoff',
  losesPrimary: true,
  async prepare(stage) {
    const former = await stage.primary();
    return {
      targets: [former.id],
      async start() {
        const env = Object.entries(former.env()).filter(([, value]) => value !== undefined);
        const { exitCode, stdout, stderr } = await runHoplite(
          ['handoff'],
          Object.fromEntries(env) as Record<string, string>,
        );
        if (exitCode !== 0) throw new ClusterFailure(`hoplite handoff: ${stdout}${stderr}`);
        await stage.untilReplaced(former);
      },
      heal: () => stage.world.untilSettled(),
    };
  },
};

/** The primary is told to end, as a deployment does, and started again. */
export const ended: Fault = {
  name: 'sigterm',
  losesPrimary: true,
  async prepare(stage) {
    const victim = await stage.primary();
    return {
      targets: [victim.id],
      async start() {
        await stage.stop(victim);
        await stage.untilReplaced(victim);
      },
      heal: () => stage.bringUp(victim),
    };
  },
};
