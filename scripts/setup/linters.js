import { findOnPath } from './run.js';
import { installSystemPackages } from './system-package.js';

const programs = ['shellcheck', 'systemd-analyze'];
const names = ['shellcheck', 'systemd'];

/**
 * What the tests look at shell scripts with, those inside workflows too, and at units.
 *
 * @type {import('./step.d.ts').Step}
 */
export const linters = {
  isReady: () => programs.every((program) => findOnPath(program) !== undefined),

  make: () =>
    installSystemPackages({ names, why: 'the tests look at shell scripts and units with them' }),
};
