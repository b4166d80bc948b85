import type { Step } from '../step.ts';

/** What nodes sign by, and the key of whoever administers. */
export const secretsStep: Step = {
  title: 'Secrets',
  why: 'FLEET_SECRET signs what nodes say to each other, ADMIN_KEY may do everything. Both are drawn here; Fly never shows them again.',

  async plan(world) {
    const there = await world.secretNames();
    const missing = ['FLEET_SECRET', 'ADMIN_KEY'].filter((name) => !there.has(name));
    if (missing.length === 0) return [];
    return [
      {
        args: ['secrets', 'import', '--app', world.choices.app, '--stage'],
        secrets: Object.fromEntries(missing.map((name) => [name, world.randomSecret()])),
      },
    ];
  },
};
