import { closeSync, openSync } from 'node:fs';
import { SetupFailure } from './failure.js';
import { findOnPath } from './run.js';
import { installSystemPackages } from './system-package.js';

/**
 * FUSE, through which LiteFS shows its databases: the program `fusermount3` and the device.
 *
 * @type {import('./step.d.ts').Step}
 */
export const fuse = {
  isReady: () => findOnPath('fusermount3') !== undefined && deviceProblem() === undefined,

  make: async () => {
    if (process.platform !== 'linux') {
      throw new SetupFailure(
        'A fleet needs Linux, because LiteFS mounts through FUSE. Alone (npm start) Hoplite runs here.',
      );
    }
    if (findOnPath('fusermount3') === undefined) {
      await installSystemPackages({ names: ['fuse3'], why: 'LiteFS mounts through fusermount3' });
    }
    const problem = deviceProblem();
    if (problem !== undefined) {
      throw new SetupFailure(
        `/dev/fuse cannot be opened (${problem}), and LiteFS mounts through it. Load the kernel module ` +
          '(modprobe fuse), allow it to other users (chmod 0666 /dev/fuse), or in a container pass ' +
          '--device /dev/fuse --cap-add SYS_ADMIN.',
      );
    }
  },
};

/** The code of the error that opening the device gives, or `undefined`. */
function deviceProblem() {
  try {
    closeSync(openSync('/dev/fuse', 'r+'));
    return undefined;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code ?? String(error);
  }
}
