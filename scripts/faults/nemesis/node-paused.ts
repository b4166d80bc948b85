import type { Operation } from '../history.ts';
import type { WorldNode } from '../world/world.ts';
import { befallsPrimary } from './fault.ts';
import type { Stage } from './stage.ts';
import { writeOnce } from './write-once.ts';

/** Writes that wait at the node when it goes on. */
const waiting = 16;
/** Until then the new primary has answered writes that lie before those. */
const answeredMs = 500;
/** The guard is the last of the three to go on: nobody has told the app by then. With 80 ms a quick machine did not write in time. */
const guardLateMs = 400;

/**
 * All of the primary hangs, as a machine does that is moved. Clients write to it past the edge, after another node has
 * become primary; then it goes on, and finds their requests before it finds out that it leads no more.
 */
export const nodePaused = befallsPrimary('node-paused', (stage, victim) => ({
  async start() {
    for (const part of ['guard', 'litefs', 'app'] as const) {
      stage.signal(victim, part, 'SIGSTOP');
    }
    await stage.untilReplaced(victim);
    await stage.hold(answeredMs);
    const answers = Array.from({ length: waiting }, (_, number) =>
      writePast(stage, victim, number),
    );
    await stage.hold(answeredMs);
    stage.resume(victim, 'app');
    stage.resume(victim, 'litefs');
    await stage.hold(guardLateMs);
    stage.resume(victim, 'guard');
    await Promise.all(answers);
  },
  async heal() {
    await stage.hold(2_000);
    await stage.bringUp(victim);
    await stage.world.untilSettled();
  },
}));

function writePast(stage: Stage, node: WorldNode, number: number): Promise<Operation> {
  const name = `paused-${Math.round(stage.journal.now())}-${number}`;
  return writeOnce(stage, { door: stage.client.doorOf(node), proc: name, name });
}
