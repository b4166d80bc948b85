import { until } from '../../cluster/until.ts';
import { cutOff, refuse } from '../world/firewall.ts';
import { befallsPrimary, type Fault } from './fault.ts';

const name = 'consul';
const leaseMs = 60_000;

/** What goes to Consul from the primary alone is dropped; the other candidate is started anew meanwhile. */
export const consulBlackHole = befallsPrimary('consul-black-hole', (stage, victim) => {
  const other = stage.otherCandidate(victim);
  return {
    async start() {
      await victim.namespace.firewall.set(name, cutOff(stage.world.consulAddress));
      await stage.hold(3_000);
      await stage.kill(other);
      await stage.bringUp(other);
      await stage.untilReplaced(victim);
    },
    async heal() {
      await victim.namespace.firewall.clear(name);
      await stage.world.untilSettled();
    },
  };
});

/** Consul refuses everybody, for longer than a lease lasts without it. */
export const consulRefused: Fault = {
  name: 'consul-refused',
  losesPrimary: true,
  async prepare(stage) {
    const { nodes, consulAddress } = stage.world;
    return {
      targets: [],
      async start() {
        const rules = refuse(consulAddress);
        await Promise.all(nodes.map(({ namespace }) => namespace.firewall.set(name, rules)));
        await stage.hold(13_000);
      },
      async heal() {
        await Promise.all(nodes.map(({ namespace }) => namespace.firewall.clear(name)));
        await stage.world.untilSettled();
      },
    };
  },
};

/** Consul comes back empty: no lease, no cluster id, no sessions. */
export const consulWiped: Fault = {
  name: 'consul-wiped',
  losesPrimary: true,
  async prepare(stage) {
    return {
      targets: [],
      async start() {
        await stage.world.consul.kill();
        await stage.world.consul.start();
        // Who led goes on until it hears that its session is gone.
        await until(() => stage.world.lease.isHeld(), {
          what: 'a node holds the lease in the new Consul',
          timeoutMs: leaseMs,
        });
      },
      heal: () => stage.world.untilSettled(),
    };
  },
};
