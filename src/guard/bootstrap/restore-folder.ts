import type { SnapshotFacts } from './facts.ts';

const { accessSync, constants, existsSync } = process.getBuiltinModule('node:fs');
const { join } = process.getBuiltinModule('node:path');

const { spawn } = process.getBuiltinModule('node:child_process');

/** The file of the command line, which the guard starts and never imports: it would cost it its small memory. */
const hoplite = join(import.meta.dirname, '../../cli/hoplite.ts');

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
    const why = error instanceof Error ? error.message : String(error);
    return { is: 'unreachable', name: `in ${dir} (RESTORE_DIR)`, why };
  }
}

/**
 * Runs `hoplite rebuild` with the files of the folder, which judges them and puts them ready to be imported. A cluster that
 * nobody knows gets a new id. Rejects with an `Error` in words when the command does not succeed; it has said why.
 */
export async function restoreFromFolder(
  dir: string,
  clusterId: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const clicks = join(dir, 'clicks.db');
  const child = spawn(
    process.execPath,
    [
      hoplite,
      'rebuild',
      '--yes',
      ...['--cluster-id', clusterId ?? newClusterId()],
      ...['--links', join(dir, 'links.db')],
      ...(existsSync(clicks) ? ['--clicks', clicks] : []),
    ],
    { env, stdio: 'inherit' },
  );
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject).once('exit', resolve);
  const code = await promise;
  if (code !== 0) throw new Error(`"hoplite rebuild" ended with ${code}`);
}

/** As LiteFS makes one (`litefs.go`, `GenerateClusterID`). */
function newClusterId(): string {
  const { randomBytes } = process.getBuiltinModule('node:crypto');
  return `LFSC${randomBytes(8).toString('hex').toUpperCase()}`;
}
