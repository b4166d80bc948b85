// Prepares a clone, so that `npm start`, `npm test` and `npm run cluster` work on a machine that has
// nothing but Node 20 and npm. npm calls it before those scripts; it is quiet when nothing is to do.
//
//   node scripts/setup.js            the npm packages, among them the Node that Hoplite runs on
//   node scripts/setup.js --fleet    also what a fleet on this machine needs: FUSE, LiteFS, Consul
//   node scripts/setup.js --faults   also what the fault run needs: network namespaces
//   node scripts/setup.js --test     all that, and what the tests need: an S3 server, a browser, actionlint, shellcheck
//
// It is plain JavaScript without dependencies, because it runs before there are any.

import { chromium } from './setup/chromium.js';
import { SetupFailure } from './setup/failure.js';
import { fuse } from './setup/fuse.js';
import { goTestTools, goTools } from './setup/go-tools.js';
import { linters } from './setup/linters.js';
import { withLock } from './setup/lock.js';
import { namespaces } from './setup/namespaces.js';
import { packages } from './setup/packages.js';
import { reverseProxy } from './setup/reverse-proxy.js';
import { root } from './setup/root.js';
import { say } from './setup/say.js';

const flags = process.argv.slice(2);
const unknown = flags.find((flag) => !['--fleet', '--faults', '--test'].includes(flag));
const test = flags.includes('--test');
const faults = test || flags.includes('--faults');
const fleet = faults || flags.includes('--fleet');

/** @type {readonly import('./setup/step.d.ts').Step[]} */
const steps = [
  packages,
  ...(fleet ? [fuse, ...goTools] : []),
  ...(test ? [...goTestTools, chromium, linters] : []),
  ...(faults ? [namespaces] : []),
  ...(test ? [reverseProxy] : []),
];

try {
  if (unknown !== undefined) {
    throw new SetupFailure(`${unknown} is unknown: the flags are --fleet, --faults and --test.`);
  }
  if (!steps.every((step) => step.isReady())) {
    await withLock(root, async () => {
      // Another set-up may have done the work while this one waited.
      for (const step of steps) if (!step.isReady()) await step.make();
    });
  }
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error;
  say(error.message);
  process.exitCode = 1;
}
