import { cutOff } from '../world/firewall.ts';
import type { PartName } from '../world/parts.ts';
import { befallsPrimary, type Fault } from './fault.ts';

/** `kill -9` of everything on the primary; its session is destroyed, so that the lease runs out at once. */
export const killFast = befallsPrimary('kill-9', (stage, victim) => ({
  async start() {
    await stage.kill(victim);
    await stage.world.lease.destroySession();
    await stage.untilReplaced(victim);
  },
  heal: () => stage.bringUp(victim),
}));

/** The same, and the lease runs out by its time. */
export const killByTtl = befallsPrimary('kill-9-ttl', (stage, victim) => ({
  async start() {
    await stage.kill(victim);
    await stage.untilReplaced(victim);
  },
  heal: () => stage.bringUp(victim),
}));

/**
 * The primary's machine loses its power. First nothing passes any more, then all is killed, so that the kernel can tell
 * nobody; and what its sockets still had to send is forgotten before anything passes again.
 */
export const powerLoss = befallsPrimary('power-loss', (stage, victim) => {
  const { firewall } = victim.namespace;
  return {
    async start() {
      await firewall.set('power', cutOff());
      await stage.kill(victim);
      await victim.namespace.forgetConnections();
      await stage.untilReplaced(victim);
    },
    async heal() {
      await firewall.clear('power');
      await stage.bringUp(victim);
    },
  };
});

/** LiteFS on the primary hangs, and goes on once another node is primary, if its guard has left it alive. */
export const hang = befallsPrimary('sigstop', (stage, victim) => ({
  async start() {
    stage.signal(victim, 'litefs', 'SIGSTOP');
    await stage.untilReplaced(victim);
  },
  async heal() {
    stage.resume(victim, 'litefs');
    await stage.hold(2_000);
    await stage.bringUp(victim);
  },
}));

/** One part of a node is killed, and the rest of it has to notice. */
export function killPart(name: 'kill-litefs' | 'kill-app', befalls: 'primary' | 'replica'): Fault {
  const part: PartName = name === 'kill-app' ? 'app' : 'litefs';
  const losesPrimary = befalls === 'primary';
  return {
    name,
    losesPrimary,
    async prepare(stage) {
      const victim = losesPrimary ? await stage.primary() : stage.replica();
      return {
        targets: [victim.id],
        async start() {
          stage.killPart(victim, part);
          if (losesPrimary) await stage.untilReplaced(victim);
        },
        heal: () => stage.restartOnceEnded(victim),
      };
    },
  };
}
