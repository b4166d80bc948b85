import { findOnPath } from './run.js';
import { installSystemPackages } from './system-package.js';

/**
 * What the tests look at shell scripts with, those inside workflows too.
 *
 * @type {import('./step.d.ts').Step}
 */
export const shellcheck = {
  isReady: () => findOnPath('shellcheck') !== undefined,

  make: () =>
    installSystemPackages({
      names: ['shellcheck'],
      why: 'the tests look at shell scripts with it',
    }),
};
