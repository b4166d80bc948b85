import type { Step } from '../step.ts';

/** A certificate for the domain, and what its owner has to enter in the DNS. */
export const certificateStep: Step = {
  title: 'The domain',
  why: 'Fly gets a certificate for it as soon as its DNS leads to the app. What to enter there is said now, and again by "fly certs setup".',
  isOptional: true,

  async plan(world) {
    const { app, domain } = world.choices;
    if (domain === undefined) return [];
    if ((await world.certificates()).some(({ hostname }) => hostname === domain)) return [];
    return [{ args: ['certs', 'add', domain, '--app', app] }];
  },
};
