import { describeError } from '../describe-error.ts';
import type { SnapshotFacts } from './facts.ts';

const { accessSync, constants, existsSync } = process.getBuiltinModule('node:fs');
const { join } = process.getBuiltinModule('node:path');

/**
 * The backup in `RESTORE_DIR`: a folder with `links.db`, and `clicks.db` where clicks are to be restored too. Without the
 * variable there is none; with it, a folder that cannot be read is not taken for an empty one.
 */
export function findInFolder(dir: string | undefined): SnapshotFacts {
  if (dir === undefined) return { is: 'none' };
  try {
    accessSync(join(dir, 'links.db'), constants.R_OK);
    return { is: 'there', name: `the files in ${dir} (RESTORE_DIR)`, clusterId: undefined };
  } catch (error) {
    const why = describeError(error);
    return { is: 'unreachable', name: `in ${dir} (RESTORE_DIR)`, why };
  }
}

/** The options by which `hoplite rebuild` takes the files of that folder. */
export function optionsOfFolder(dir: string): readonly string[] {
  const clicks = join(dir, 'clicks.db');
  return ['--links', join(dir, 'links.db'), ...(existsSync(clicks) ? ['--clicks', clicks] : [])];
}
