import type { Fault } from './fault.ts';

/** The lease is handed over in order, by command. */
export const handoff: Fault = {
  name: 'handoff',
  losesPrimary: true,
  async prepare(stage) {
    const former = await stage.primary();
    const heir = stage.otherCandidate(former);
    return {
      targets: [former.id],
      async start() {
        const response = await fetch(`${heir.process.liteFsUrl}/promote`, {
          method: 'POST',
          signal: AbortSignal.timeout(10_000),
        });
        if (!response.ok) throw new Error(`LiteFS answered ${response.status} on /promote`);
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
