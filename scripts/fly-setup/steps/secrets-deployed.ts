import type { Step } from '../step.ts';

/** Secrets that were set while machines ran reach these with a restart, one after another. */
export function createSecretsDeployedStep(wereStaged: () => boolean): Step {
  return {
    title: 'Secrets reach the machines',
    why: 'The machines restart with the new secrets, one after another; the primary hands its lease over first.',

    async plan(world) {
      return wereStaged() ? [{ args: ['secrets', 'deploy', '--app', world.choices.app] }] : [];
    },
  };
}
