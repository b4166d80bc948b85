import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { SetupFailure } from './failure.js';
import { fetchFromGoProxy } from './go-proxy.js';
import { toolsBin } from './root.js';
import { findOnPath, isExecutable, run } from './run.js';
import { say } from './say.js';
import { installSystemPackages } from './system-package.js';

/**
 * The Go that is fetched where the machine has none. It is the module golang.org/toolchain, a zip;
 * the sums are those that Go's checksum database gives for it (sum.golang.org/lookup/<module>).
 */
const pinned = {
  version: 'go1.26.8',
  /** @type {Record<string, string>} */
  sums: {
    'linux-amd64': 'h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=',
    'linux-arm64': 'h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc=',
  },
};

/**
 * A `go` command of at least this version: the machine's own, or one fetched into `tools/bin/`.
 *
 * @param {string} atLeast like "1.24"
 * @returns {Promise<string>} its path
 */
export async function ensureGo(atLeast) {
  const own = findOnPath('go');
  if (own !== undefined && (await isRecent(own, atLeast))) return own;
  const folder = join(toolsBin, pinned.version);
  const fetched = join(folder, 'bin/go');
  if (!isExecutable(fetched)) await fetchToolchain(folder, atLeast);
  return fetched;
}

/**
 * @param {string} go
 * @param {string} atLeast
 */
async function isRecent(go, atLeast) {
  const env = { ...process.env, GOTOOLCHAIN: 'local' };
  const { ok, output } = await run(go, ['env', 'GOVERSION'], { env });
  const found = /^go(\d+)\.(\d+)/.exec(output.trim());
  const [major, minor] = atLeast.split('.').map(Number);
  if (!ok || found === null || major === undefined || minor === undefined) return false;
  return Number(found[1]) > major || (Number(found[1]) === major && Number(found[2]) >= minor);
}

/**
 * @param {string} folder where the toolchain comes to lie, whole or not at all
 * @param {string} atLeast
 */
async function fetchToolchain(folder, atLeast) {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const sum = pinned.sums[platform];
  const sentence = `Go ${atLeast} or newer is needed to build LiteFS and Consul; install it from your system or https://go.dev/dl.`;
  if (sum === undefined) throw new SetupFailure(sentence);
  const version = `v0.0.1-${pinned.version}.${platform}`;
  say(`fetching ${pinned.version} to build LiteFS and Consul (70 MB, once)`);
  mkdirSync(toolsBin, { recursive: true });
  const zip = join(toolsBin, 'go.zip');
  const unpacked = join(toolsBin, 'go.unpacked');
  rmSync(unpacked, { recursive: true, force: true });
  try {
    const refusals = await fetchFromGoProxy(`golang.org/toolchain/@v/${version}.zip`, zip);
    if (refusals !== undefined) {
      throw new SetupFailure(
        `${sentence} It could not be fetched from GOPROXY either: ${refusals}.`,
      );
    }
    await unzip(zip, unpacked);
    const found = directorySum(unpacked);
    if (found !== sum) {
      throw new SetupFailure(
        `What GOPROXY gave for golang.org/toolchain@${version} is not what Go released ` +
          `(${found} instead of ${sum}); it is not used. ${sentence}`,
      );
    }
    const toolchain = join(unpacked, `golang.org/toolchain@${version}`);
    makeRunnable(toolchain);
    rmSync(folder, { recursive: true, force: true });
    renameSync(toolchain, folder);
  } finally {
    rmSync(zip, { force: true });
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/**
 * @param {string} zip
 * @param {string} folder
 */
async function unzip(zip, folder) {
  if (findOnPath('unzip') === undefined && findOnPath('python3') === undefined) {
    await installSystemPackages({ names: ['unzip'], why: 'Go comes as a zip' });
  }
  const { ok, output } =
    findOnPath('unzip') === undefined
      ? await run('python3', ['-m', 'zipfile', '-e', zip, folder])
      : await run('unzip', ['-q', zip, '-d', folder]);
  if (!ok) throw new SetupFailure(`Go could not be unpacked:\n${output.trim().slice(-2000)}`);
}

/**
 * The sum "h1:…" that Go keeps of a module: over one line per file, its SHA-256 and its name, sorted
 * by name. Source: golang.org/x/mod/sumdb/dirhash, `Hash1`.
 *
 * @param {string} folder
 */
export function directorySum(folder) {
  const names = listFiles(folder)
    .map((path) => relative(folder, path))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const whole = createHash('sha256');
  for (const name of names) {
    const hash = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
    whole.update(`${hash}  ${name}\n`);
  }
  return `h1:${whole.digest('base64')}`;
}

/**
 * What a module zip cannot carry, and the go command restores when it fetches a toolchain itself:
 * the permission to execute, and go.mod files of folders inside (cmd/go/internal/toolchain/select.go).
 *
 * @param {string} toolchain
 */
function makeRunnable(toolchain) {
  for (const folder of ['bin', 'pkg/tool']) {
    const path = join(toolchain, folder);
    if (existsSync(path)) for (const file of listFiles(path)) chmodSync(file, 0o755);
  }
  for (const file of listFiles(toolchain)) {
    if (basename(file) === '_go.mod') copyFileSync(file, join(dirname(file), 'go.mod'));
  }
}

/** @param {string} folder */
function listFiles(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
