import { findOnPath } from './run.js';
import { installSystemPackages } from './system-package.js';

const programs = ['nginx', 'openssl', 'curl', 'pgrep'];
const names = ['nginx-light', 'openssl', 'curl', 'procps'];

/**
 * What stands before the nodes of docs/self-host.md, and what asks it. The test of that page makes machines, which only root
 * can, so nobody else needs it.
 *
 * @type {import('./step.d.ts').Step}
 */
export const reverseProxy = {
  isReady: () =>
    process.getuid?.() !== 0 || programs.every((program) => findOnPath(program) !== undefined),

  make: () =>
    installSystemPackages({ names, why: 'the test of docs/self-host.md runs a fleet behind it' }),
};
