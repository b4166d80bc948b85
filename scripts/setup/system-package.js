import { SetupFailure } from './failure.js';
import { findOnPath, run } from './run.js';
import { say } from './say.js';

/**
 * Installs Debian packages, as root or, in CI, through a sudo that asks no password.
 * Throws a `SetupFailure` that names the packages where neither is possible.
 *
 * @param {{ names: readonly string[], why: string }} wanted `why` is a clause: "LiteFS mounts through it"
 */
export async function installSystemPackages({ names, why }) {
  const list = names.join(' ');
  const sentence = `${list} must be installed (${why}): apt-get install ${list}, or what your system calls it.`;
  const prefix = findOnPath('apt-get') === undefined ? undefined : await rootPrefix();
  if (prefix === undefined) throw new SetupFailure(sentence);
  say(`installing ${list} (${why})`);
  const apt = (/** @type {string[]} */ ...args) =>
    run(
      prefix[0] ?? 'apt-get',
      [...(prefix.length > 0 ? [...prefix.slice(1), 'apt-get'] : []), ...args],
      {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      },
    );
  // Another apt may be at work on this machine.
  const install = () =>
    apt('-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', ...names);
  if ((await install()).ok) return;
  // A bare image has no package lists, or old ones.
  await apt('update');
  const { ok, output } = await install();
  if (!ok) throw new SetupFailure(`${sentence} Here that failed:\n${output.trim().slice(-2000)}`);
}

/**
 * What to put before a command that needs root; `undefined` when there is no way.
 *
 * @returns {Promise<string[] | undefined>}
 */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  if (process.env.CI !== 'true') return undefined;
  return (await run('sudo', ['-n', 'true'])).ok ? ['sudo', '-n'] : undefined;
}
