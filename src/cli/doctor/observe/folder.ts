import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A folder that the node writes to. */
export interface FolderFacts {
  readonly path: string;
  readonly exists: boolean;
  /** Why it cannot be written to, or made when it does not exist: an error code. */
  readonly problem: string | undefined;
}

/** Looks whether this user could write to a folder, and make it if need be. Makes nothing. */
export async function observeFolder(path: string): Promise<FolderFacts> {
  const problem = await findProblem(path);
  if (problem !== 'ENOENT') return { path, exists: true, problem };
  let parent = dirname(path);
  while ((await findProblem(parent)) === 'ENOENT') parent = dirname(parent);
  return { path, exists: false, problem: await findProblem(parent) };
}

async function findProblem(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return 'ENOTDIR';
    await access(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
}
