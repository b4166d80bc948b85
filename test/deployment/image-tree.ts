import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { root } from './deployment.ts';
import { type Copy, parseCopies, parseDockerfile } from './dockerfile.ts';

/**
 * Lays out what the last stage of a Dockerfile copies from the tree, in a new folder that stands for
 * `/app`. The packages are those of the clone.
 */
export function layOutImage(dockerfile: string): string {
  const app = mkdtempSync(join(tmpdir(), 'hoplite-image-'));
  for (const { sources, target } of lastStageCopies(dockerfile)) {
    for (const source of sources) {
      // As Docker does: a source goes into a target that ends with a slash, else it becomes the target.
      const path = join(app, target, /\/$/.test(target) ? basename(source) : '');
      mkdirSync(join(path, '..'), { recursive: true });
      cpSync(join(root, source), path, { recursive: true });
    }
  }
  symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'));
  return app;
}

function lastStageCopies(dockerfile: string): Copy[] {
  const instructions = parseDockerfile(dockerfile);
  const last = instructions.at(-1)?.stage;
  return parseCopies(instructions).filter(
    ({ stage, from }) => stage === last && from === undefined,
  );
}
