import type { WorldNode } from '../world/world.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';
import { writeOnce } from './write-once.ts';

const writes = 100;
/** How long the sleeper is awake before the one that has all comes back: long enough for it to ask for the lease some times. */
const aloneMs = 6_000;

/**
 * The other candidate sleeps through a hundred writes, which are on the primary's machine alone; then the primary dies, the
 * sleeper wakes, and the dead one comes back after it. Nothing of the hundred may be lost.
 */
export const staleCandidate: Fault = {
  name: 'stale-candidate',
  losesPrimary: true,
  async prepare(stage) {
    const victim = await stage.primary();
    const sleeper = stage.otherCandidate(victim);
    return {
      targets: [victim.id, sleeper.id],
      async start() {
        await stage.kill(sleeper);
        await writeAlone(stage, victim);
        await stage.kill(victim);
        await stage.world.lease.destroySession();
        await stage.world.startNode(sleeper);
        await stage.hold(aloneMs);
      },
      async heal() {
        await stage.bringUp(victim);
        await stage.bringUp(sleeper);
        await stage.world.untilSettled();
      },
    };
  },
};

/** The same, and the dead one stays away until the sleeper leads without the hundred, after the grace time, and says so. */
export const staleCandidateAlone: Fault = {
  name: 'stale-candidate-alone',
  losesPrimary: true,
  async prepare(stage) {
    const victim = await stage.primary();
    const sleeper = stage.otherCandidate(victim);
    return {
      targets: [sleeper.id, victim.id],
      async start() {
        await stage.kill(sleeper);
        await writeAlone(stage, victim);
        await stage.kill(victim);
        await stage.world.lease.destroySession();
        await stage.bringUp(sleeper);
        await stage.untilReplaced(victim);
      },
      async heal() {
        await stage.bringUp(victim);
        await stage.world.untilSettled();
      },
    };
  },
};

async function writeAlone(stage: Stage, primary: WorldNode): Promise<void> {
  for (let number = 0; number < writes; number++) {
    const name = `alone-${stage.journal.now()}-${number}`;
    await writeOnce(stage, { door: stage.client.doorOf(primary), proc: 'alone', name });
  }
}
