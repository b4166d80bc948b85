import { existsSync } from 'node:fs';
import { ClusterFailure } from '../cluster/cluster-failure.ts';

/** What tells the process that it is in its own network namespace already. */
const variable = 'HOPLITE_FAULTS_NETWORK';

const programs = [
  { path: '/usr/bin/unshare', from: 'util-linux' },
  { path: '/usr/bin/nsenter', from: 'util-linux' },
  { path: '/usr/sbin/nft', from: 'nftables' },
] as const;

/**
 * Begins this program again in a network namespace of its own, which ends with it: what happens on its network can be seen and
 * felt nowhere else. Returns when it is there already. Throws a `ClusterFailure` that says what is missing.
 */
export function enterOwnNetwork(): void {
  if (process.env[variable] === 'own') return;
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new ClusterFailure(
      'The fault run needs Linux and root: it makes network namespaces, mounts small disks and drops packets.',
    );
  }
  const missing = programs.find(({ path }) => !existsSync(path));
  if (missing !== undefined) {
    throw new ClusterFailure(`${missing.path} is missing: apt-get install ${missing.from}.`);
  }
  if (process.execve === undefined) throw new Error('this Node is older than 24');
  const [unshare] = programs;
  process.execve(
    unshare.path,
    [unshare.path, '--net', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    { ...process.env, [variable]: 'own' },
  );
}
