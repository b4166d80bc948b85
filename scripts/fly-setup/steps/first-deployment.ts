import type { Step } from '../step.ts';

/** The first machine: until there is one, Fly knows no image to make others of. */
export const firstDeploymentStep: Step = {
  title: 'The first deployment',
  why: 'Fly builds the image and starts the first machine, in the primary region; it founds the cluster. Later ones are "npm run deploy".',

  async plan(world) {
    if ((await world.machines()).length > 0) return [];
    const { app } = world.choices;
    return [
      { args: ['deploy', '--app', app, '--config', world.configFile, '--ha=false', '--yes'] },
    ];
  },
};
