import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import { createNodeSpoolFiles } from './node-spool-files.ts';
import { Spool } from './spool.ts';
import type { SpoolOptions } from './spool-options.ts';

/** How often what is due is looked for. */
const maintainMs = 25;

/** A spool on this node's disk that maintains itself. Disposing seals and syncs all that is in it. */
export interface RunningSpool extends AsyncDisposable {
  readonly spool: Spool;
}

/** Opens the spool in a folder, which is made when it is not there. */
export async function startSpool(
  options: Omit<SpoolOptions, 'files' | 'compress'> & { readonly folder: string },
): Promise<RunningSpool> {
  const spool = await Spool.open({
    ...options,
    files: createNodeSpoolFiles(options.folder),
    compress: promisify<Uint8Array, Uint8Array>(zstdCompress),
  });
  const timer = setInterval(() => spool.maintain(), maintainMs);
  return {
    spool,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await spool[Symbol.asyncDispose]();
    },
  };
}
