import { createWriteStream } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { findOnPath, run } from './run.js';
import { installSystemPackages } from './system-package.js';

/**
 * Fetches one file of the Go module proxy protocol into `target`, from the first proxy that has it.
 * Gives `undefined` on success, else why each proxy refused.
 *
 * @param {string} path
 * @param {string} target
 * @returns {Promise<string | undefined>}
 */
export async function fetchFromGoProxy(path, target) {
  const refusals = [];
  for (const proxy of await goProxies()) {
    const url = new URL(`${proxy.replace(/\/$/, '')}/${path}`);
    try {
      await fetchFile(url, target);
      return undefined;
    } catch (error) {
      // fetch hides the reason, such as a refused connection, in the cause. The URL may hold a password.
      const { message, cause } = /** @type {Error} */ (error);
      refusals.push(`${url.host || 'file'} (${cause instanceof Error ? cause.message : message})`);
    }
  }
  return refusals.length > 0 ? refusals.join(', ') : 'GOPROXY names no proxy';
}

/** The proxies of `GOPROXY`, by the environment or as a Go says, however old: each knows Go's default. */
async function goProxies() {
  const setting = process.env.GOPROXY || (await askGo());
  // "direct" and "off" are no addresses; a toolchain has no repository to be fetched from directly.
  return setting
    .split(/[,|]/)
    .map((proxy) => proxy.trim())
    .filter((proxy) => URL.canParse(proxy));
}

/** @returns {Promise<string>} */
async function askGo() {
  if (findOnPath('go') === undefined) {
    await installSystemPackages({
      names: ['golang-go'],
      why: 'it knows where Go modules are to be had; GOPROXY can say so instead',
    });
  }
  return (await run('go', ['env', 'GOPROXY'])).output.trim();
}

/**
 * @param {URL} url
 * @param {string} target
 */
async function fetchFile(url, target) {
  if (url.protocol === 'file:') {
    await copyFile(fileURLToPath(url), target);
    return;
  }
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const response = await fetch(url, {
    headers:
      username === ''
        ? {}
        : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
  });
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(target));
}
