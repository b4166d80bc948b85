import { cutOff, lose } from '../world/firewall.ts';
import { befallsPrimary, type Fault } from './fault.ts';

const name = 'link';

/** A third of the packets between the candidates is lost for a while, and then the primary is killed. */
export const lossyLink = befallsPrimary('link-lossy', (stage, victim) => {
  const other = stage.otherCandidate(victim);
  const { firewall } = victim.namespace;
  return {
    async start() {
      await firewall.set(name, lose(30, other.namespace.address));
      await stage.hold(6_000);
      await stage.kill(victim);
      await stage.world.lease.destroySession();
      await stage.hold(1_000);
    },
    // Where the other one lacks writes it does not lead before the victim is back.
    async heal() {
      await firewall.clear(name);
      await stage.bringUp(victim);
      await stage.world.untilSettled();
    },
  };
});

/**
 * The candidates are cut from each other a moment before the primary is killed. What it wrote in that moment is with it
 * alone. Its guard hangs meanwhile, so that the mark is as old as it may be: the other one leads at once without those writes,
 * and what was `local` is lost.
 */
export const cutLink = befallsPrimary('link-cut', (stage, victim) => {
  const other = stage.otherCandidate(victim);
  const { firewall } = victim.namespace;
  return {
    async start() {
      stage.signal(victim, 'guard', 'SIGSTOP');
      await firewall.set(name, cutOff(other.namespace.address));
      await stage.hold(400);
      await stage.kill(victim);
      await victim.namespace.forgetConnections();
      await stage.world.lease.destroySession();
      await stage.untilReplaced(victim);
    },
    async heal() {
      await firewall.clear(name);
      await stage.bringUp(victim);
    },
  };
});

/** The node that is no candidate sees no other machine of the fleet; visitors still reach it. */
export const replicaPartitioned: Fault = {
  name: 'replica-partitioned',
  losesPrimary: false,
  async prepare(stage) {
    const victim = stage.replica();
    const others = stage.world.nodes.filter((node) => node !== victim);
    const addresses = others.map(({ namespace }) => namespace.address);
    const { firewall } = victim.namespace;
    return {
      targets: [victim.id],
      async start() {
        await firewall.set(name, cutOff(...addresses, stage.world.consulAddress));
        await stage.hold(12_000);
      },
      async heal() {
        await firewall.clear(name);
        await stage.world.untilSettled();
      },
    };
  },
};

/** No click of the far node reaches the primary for a while, though all else does. */
export const shippingStopped: Fault = {
  name: 'shipping-stopped',
  losesPrimary: false,
  async prepare(stage) {
    const victim = stage.replica();
    const { firewall } = victim.namespace;
    return {
      targets: [victim.id],
      async start() {
        await firewall.set(name, { output: ['tcp dport 8081 drop'] });
        await stage.hold(10_000);
      },
      async heal() {
        await firewall.clear(name);
        await stage.world.untilSettled();
      },
    };
  },
};
