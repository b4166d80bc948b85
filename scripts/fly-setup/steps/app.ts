import type { Step } from '../step.ts';

/**
 * The app. Not `fly launch`, which writes fly.toml anew, without its comments, and offers databases; addresses come with
 * the first deployment.
 */
export const appStep: Step = {
  title: 'The app',
  why: 'An app is a name, under which machines, volumes and secrets are kept. It costs nothing by itself.',

  async plan(world) {
    const { app, org } = world.choices;
    if ((await world.apps()).includes(app)) return [];
    return [{ args: ['apps', 'create', app, ...(org === undefined ? [] : ['--org', org])] }];
  },
};
