import { FlyFailure } from '../../fly/fly-failure.ts';
import type { Step, World } from '../step.ts';

/** Consul holds the lease of the primary. */
export const consulStep: Step = {
  title: 'Consul',
  why: 'Consul holds the lease that names the primary. Fly has one, which the app gets a part of.',

  async plan(world) {
    return (await hasConsul(world))
      ? []
      : [{ args: ['consul', 'attach', '--app', world.choices.app] }];
  },

  // docs/facts.md, "flyctl attaches Consul silently".
  async check(world) {
    if (await hasConsul(world)) return;
    throw new FlyFailure(
      'fly consul attach ended without an error and added nothing: there is no FLY_CONSUL_URL among the secrets. Run this ' +
        'again after a while; when it stays so, ask Fly, or name a Consul of your own by "fly secrets set CONSUL_URL=…".',
    );
  },
};

async function hasConsul(world: World): Promise<boolean> {
  const there = await world.secretNames();
  return there.has('FLY_CONSUL_URL') || there.has('CONSUL_URL');
}
