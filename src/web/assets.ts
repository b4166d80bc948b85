import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of files that pages load: served at `/assets`. */
export const assetsDir = fileURLToPath(new URL('./assets', import.meta.url));

/**
 * A short hash over all assets. Pages put it into the query of each asset's URL, so that a browser may keep
 * an asset for ever and still meets a new one at once.
 */
export function readAssetVersion(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(assetsDir).sort()) {
    hash.update(name).update(readFileSync(`${assetsDir}/${name}`));
  }
  return hash.digest('hex').slice(0, 12);
}
