import { SetupFailure } from './failure.js';
import { findOnPath, isExecutable } from './run.js';
import { installSystemPackages } from './system-package.js';

/**
 * The browser that the tests look at the pages with: `CHROMIUM`, or `chromium` on `PATH`.
 *
 * @type {import('./step.d.ts').Step}
 */
export const chromium = {
  isReady: () => {
    const given = process.env.CHROMIUM;
    return given ? isExecutable(given) : findOnPath('chromium') !== undefined;
  },

  make: async () => {
    if (process.env.CHROMIUM) {
      throw new SetupFailure(`CHROMIUM is ${process.env.CHROMIUM}, which is no program.`);
    }
    await installSystemPackages({
      names: ['chromium', 'fonts-liberation'],
      why: 'the tests look at the pages with it; CHROMIUM can name another path',
    });
  },
};
