import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../cluster/until.ts';
import { befallsPrimary, type Fault } from './fault.ts';

const fullMs = 10_000;
const countedMs = 30_000;

/** The disk under LiteFS on the primary is full for a while. */
export const fullDataDisk = befallsPrimary('disk-full-data', (stage, victim) => ({
  async start() {
    await victim.dataDisk.fill();
    await stage.hold(fullMs);
  },
  async heal() {
    await victim.dataDisk.free();
    await stage.hold(2_000);
    await stage.bringUp(victim);
    await stage.world.untilSettled();
  },
}));

/** The disk of the spool of the far node is full for a while. */
export const fullSpoolDisk: Fault = {
  name: 'disk-full-spool',
  losesPrimary: false,
  async prepare(stage) {
    const victim = stage.replica();
    return {
      targets: [victim.id],
      async start() {
        await victim.spoolDisk.fill();
        await stage.hold(fullMs);
      },
      async heal() {
        await victim.spoolDisk.free();
        await stage.hold(1_000);
        await stage.counters.note(victim);
      },
    };
  },
};

/** The primary's machine is replaced by an empty one of the same name. */
export const volumeWiped: Fault = {
  name: 'volume-wiped',
  losesPrimary: true,
  async prepare(stage) {
    const victim = await stage.primary();
    const at = stage.journal.now();
    const clicks = await stage.counters.note(victim);
    return {
      targets: [victim.id],
      unconfirmed: clicks === undefined ? undefined : { clicks, at },
      async start() {
        await stage.kill(victim);
        await victim.dataDisk.replace();
        await victim.spoolDisk.replace();
        await stage.world.lease.destroySession();
        await stage.untilReplaced(victim);
      },
      heal: () => stage.bringUp(victim),
    };
  },
};

/**
 * The other candidate's spool is replaced by a copy of the far node's: two nodes with one producer's batches. Before that the
 * candidate gets no visitors until all its own clicks are counted, so that none is lost with its spool.
 */
export const spoolCloned: Fault = {
  name: 'spool-cloned',
  losesPrimary: false,
  async prepare(stage) {
    const victim = stage.otherCandidate(await stage.primary());
    const source = stage.replica();
    const { firewall } = victim.namespace;
    return {
      targets: [victim.id, source.id],
      async start() {
        stage.journal.event({ event: 'node', node: victim.id, state: 'down' });
        await firewall.set('visitors', { input: ['tcp dport 8080 reject with tcp reset'] });
        await until(async () => (await stage.counters.note(victim)) === 0, {
          what: `all clicks of ${victim.id} are counted`,
          timeoutMs: countedMs,
        });
        await stage.kill(victim);
        for (const name of readdirSync(victim.spoolDisk.dir)) {
          rmSync(join(victim.spoolDisk.dir, name), { recursive: true });
        }
        cpSync(source.spoolDisk.dir, victim.spoolDisk.dir, { recursive: true });
        await firewall.clear('visitors');
      },
      heal: () => stage.bringUp(victim),
    };
  },
};
