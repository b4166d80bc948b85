import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { SetupFailure } from './failure.js';
import { ensureGo } from './go-toolchain.js';
import { root, toolsBin } from './root.js';
import { findOnPath, run } from './run.js';
import { say } from './say.js';

/** LiteFS and Consul at `tools/bin/`, in the versions that `tools/<name>/go.mod` pins: what a fleet runs. */
export const goTools = [
  goTool({
    name: 'litefs',
    module: 'github.com/superfly/litefs',
    main: 'github.com/superfly/litefs/cmd/litefs',
    duration: '1 minute',
  }),
  goTool({
    name: 'consul',
    module: 'github.com/hashicorp/consul',
    main: 'github.com/hashicorp/consul',
    duration: '4 minutes',
  }),
];

/** What only tests run, there too: actionlint, which looks at the workflows, and versitygw, an S3 server over a folder. */
export const goTestTools = [
  goTool({
    name: 'actionlint',
    module: 'github.com/rhysd/actionlint',
    main: 'github.com/rhysd/actionlint/cmd/actionlint',
    duration: '30 seconds',
  }),
  goTool({
    name: 'versitygw',
    module: 'github.com/versity/versitygw',
    main: 'github.com/versity/versitygw/cmd/versitygw',
    duration: '2 minutes',
  }),
];

/**
 * @param {{ name: string, module: string, main: string, duration: string }} tool
 *   `duration` is what a first build takes on two cores.
 * @returns {import('./step.d.ts').Step}
 */
function goTool({ name, module, main, duration }) {
  const source = join(root, 'tools', name);
  const binary = join(toolsBin, name);
  // The hash of what `binary` was made from, written last.
  const stamp = join(toolsBin, `${name}.stamp`);

  return {
    isReady: () =>
      existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceHash() && existsSync(binary),

    make: async () => {
      mkdirSync(toolsBin, { recursive: true });
      const version = pinnedVersion(source, module);
      const fresh = `${binary}.new`;
      rmSync(fresh, { force: true });
      const found = await findVersion(name, version);
      if (found !== undefined) symlinkSync(found, fresh);
      else await build(version, fresh);
      // A program may be running from the old file: it is replaced, not written to.
      renameSync(fresh, binary);
      writeFileSync(stamp, sourceHash());
    },
  };

  function sourceHash() {
    const hash = createHash('sha256');
    for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(source, file)));
    return hash.digest('hex');
  }

  /**
   * @param {string} version
   * @param {string} output
   */
  async function build(version, output) {
    const go = await ensureGo(goDirective(source));
    say(`building ${name} ${version} (about ${duration}, once)`);
    const args = ['-mod=readonly', '-buildvcs=false', '-trimpath', '-o', output];
    const flags = ['-ldflags', `-s -w -X main.Version=${version}`];
    const { ok, output: log } = await run(go, ['build', ...args, ...flags, main], {
      cwd: source,
      env: {
        HOME: homedir(),
        ...process.env,
        // Static, and the same with and without a C compiler on the machine.
        CGO_ENABLED: '0',
        GOFLAGS: '',
        GOTOOLCHAIN: 'local',
        GOWORK: 'off',
      },
    });
    if (!ok) throw new SetupFailure(`${name} could not be built:\n${log.trim().slice(-4000)}`);
  }
}

/**
 * A program on `PATH` that is of this version, or `undefined`.
 *
 * @param {string} name
 * @param {string} version with its "v"
 */
async function findVersion(name, version) {
  const path = findOnPath(name);
  if (path === undefined || dirname(path) === toolsBin) return undefined;
  const { ok, output } = await run(path, ['version']);
  const words = output.split(/[\s,]+/);
  return ok && (words.includes(version) || words.includes(version.slice(1))) ? path : undefined;
}

/**
 * @param {string} source
 * @param {string} module
 */
function pinnedVersion(source, module) {
  return readGoMod(source, new RegExp(`^\\s*${module.replaceAll('.', '\\.')} (v\\S+)`, 'm'));
}

/**
 * The least Go that a module builds with, like "1.24".
 *
 * @param {string} source
 */
function goDirective(source) {
  return readGoMod(source, /^go (\S+)$/m);
}

/**
 * @param {string} source
 * @param {RegExp} pattern
 */
function readGoMod(source, pattern) {
  const found = pattern.exec(readFileSync(join(source, 'go.mod'), 'utf8'))?.[1];
  if (found === undefined) throw new Error(`${source}/go.mod has no ${pattern}`);
  return found;
}
