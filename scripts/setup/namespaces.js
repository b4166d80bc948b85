import { findOnPath } from './run.js';
import { installSystemPackages } from './system-package.js';

/** What the fault run calls, and the Debian packages that have it. */
const programs = ['ip', 'ss', 'nft', 'faketime'];
const names = ['iproute2', 'nftables', 'faketime'];

/**
 * What makes network namespaces, drops packets in them and sets clocks wrong. Only root can, so nobody else needs it; the
 * fault run tells them so.
 *
 * @type {import('./step.d.ts').Step}
 */
export const namespaces = {
  isReady: () =>
    process.getuid?.() !== 0 || programs.every((program) => findOnPath(program) !== undefined),

  make: () => installSystemPackages({ names, why: 'the fault run drops packets with them' }),
};
