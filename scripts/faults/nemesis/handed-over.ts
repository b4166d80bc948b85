import { runHoplite } from '../../../test/support/run-hoplite.ts';
import { ClusterFailure } from '../../cluster/cluster-failure.ts';
import { befallsPrimary } from './fault.ts';

/** The lease is handed over in order, by `hoplite handoff` on the primary. */
export const handoff = befallsPrimary('handoff', (stage, former) => ({
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
}));

/** The primary is told to end, as a deployment does, and started again. */
export const ended = befallsPrimary('sigterm', (stage, victim) => ({
  async start() {
    await stage.stop(victim);
    await stage.untilReplaced(victim);
  },
  heal: () => stage.bringUp(victim),
}));
