import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClusterFailure } from './cluster-failure.ts';

/** The clone's top folder. */
export const projectDir = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** `PATH` of everything the cluster starts: the project's own Node, LiteFS and Consul come first. */
export function searchPath(): string {
  const own = ['node_modules/.bin', 'tools/bin'].map((folder) => join(projectDir, folder));
  return [...own, process.env.PATH].join(':');
}

/** The path of LiteFS or Consul, where the set-up puts it. Throws a `ClusterFailure` when it is not there. */
export function findProgram(name: 'litefs' | 'consul'): string {
  const path = join(projectDir, 'tools/bin', name);
  try {
    accessSync(path, constants.X_OK);
  } catch (cause) {
    throw new ClusterFailure(`${path} is missing: run "node scripts/setup.js --fleet".`, { cause });
  }
  return path;
}
