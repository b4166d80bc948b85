import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFailure } from './failure.js';
import { root } from './root.js';
import { run } from './run.js';
import { say } from './say.js';

const lockfile = join(root, 'package-lock.json');
const modules = join(root, 'node_modules');
const node = join(modules, '.bin/node');

/** The SHA-256 of the lockfile that `node_modules` was made from. */
const stamp = join(modules, '.hoplite-setup');

/**
 * The npm packages of the lockfile. One of them is Node itself: npm puts `node_modules/.bin` in front
 * of `PATH`, so that whatever a script calls `node` is the version that package.json names.
 *
 * @type {import('./step.d.ts').Step}
 */
export const packages = {
  isReady: () =>
    existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfileHash() && existsSync(node),

  make: async () => {
    if (!(existsSync(node) && isInstalled())) {
      say('installing the npm packages (about 15 s)');
      await installPackages();
    }
    await checkNode();
    writeFileSync(stamp, lockfileHash());
  },
};

function lockfileHash() {
  return createHash('sha256').update(readFileSync(lockfile)).digest('hex');
}

/**
 * Whether npm's own record of what lies in `node_modules` agrees with the lockfile, as it does after
 * a developer's `npm install`. What the record may lack is optional: packages for other platforms.
 */
function isInstalled() {
  const record = join(modules, '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = readEntries(lockfile);
  const present = readEntries(record);
  return (
    [...present].every(([path, version]) => wanted.get(path)?.version === version.version) &&
    [...wanted].every(([path, { optional }]) => present.has(path) || optional === true)
  );
}

/**
 * @param {string} file
 * @returns {Map<string, { version?: string, optional?: boolean }>}
 */
function readEntries(file) {
  const entries = new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')).packages));
  entries.delete('');
  return entries;
}

async function installPackages() {
  // npm tells its scripts which npm and which Node run them; that pair is known to work.
  const { npm_execpath: npm, npm_node_execpath: npmNode } = process.env;
  const [command, ...before] =
    npm?.endsWith('npm-cli.js') === true ? [npmNode ?? process.execPath, npm] : ['npm'];
  // Node comes with the development packages, so NODE_ENV=production must not leave them out.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { ok, output } = await run(command, [...before, ...args], {
    cwd: root,
    // One package reports each installation to its maker unless this is set.
    env: { ...process.env, SCARF_ANALYTICS: 'false' },
  });
  if (!ok) throw new SetupFailure(`npm ci failed:\n${output.trim()}`);
}

async function checkNode() {
  const wanted = `v${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node}`;
  const { ok, output } = await run(node, ['--version']);
  if (ok && output.trim() === wanted) return;
  throw new SetupFailure(
    `node_modules/.bin/node should be Node ${wanted} and is ${output.trim() || 'silent'}. ` +
      'The npm package "node" installs it by a script: let npm run scripts (ignore-scripts=false), ' +
      'delete node_modules, and try again.',
  );
}
