import {
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { findFaultOfFile } from '../../storage/database-file.ts';
import { migrationsDirOf } from '../migrate/databases.ts';
import { Refusal } from '../refusal.ts';

/** The files to restore, by the database that they become. Without links there is nothing to restore. */
export interface RestoreFiles {
  readonly links: string;
  readonly clicks: string | undefined;
}

/** A copy of files that were found sound, beside the folder that it becomes. */
export interface StagedRestore {
  /** The copy of the links. */
  readonly linksFile: string;
  /** Puts the copy where the node looks for it, in place of an earlier one. After this a power cut loses nothing of it. */
  commit(): void;
  /** Takes the copy away. */
  discard(): void;
}

/**
 * Copies files aside and looks whether they are sound: it is the copies that are judged, since they are imported. Throws
 * a `Refusal` that names the file and what is wrong with it.
 */
export function stageRestore(restoreDir: string, files: RestoreFiles): StagedRestore {
  const staging = `${restoreDir}.new`;
  const discard = () => rmSync(staging, { recursive: true, force: true });
  discard();
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  try {
    copyInto(staging, 'links', files.links);
    if (files.clicks !== undefined) copyInto(staging, 'clicks', files.clicks);
  } catch (error) {
    discard();
    throw error;
  }
  return {
    linksFile: join(staging, 'links.db'),
    discard,
    commit() {
      giveToOwnerOf(dirname(restoreDir), [staging, ...pathsIn(staging, files)]);
      for (const path of [...pathsIn(staging, files), staging]) syncNow(path);
      rmSync(restoreDir, { recursive: true, force: true });
      renameSync(staging, restoreDir);
      syncNow(dirname(restoreDir));
    },
  };
}

/** Writes LiteFS's `clusterid`, whole or not at all, and forces it to the disk. */
export function placeClusterId(volumeDir: string, clusterId: string): void {
  mkdirSync(volumeDir, { recursive: true, mode: 0o700 });
  const file = join(volumeDir, 'clusterid');
  writeFileSync(`${file}.new`, `${clusterId}\n`, { flush: true });
  renameSync(`${file}.new`, file);
  syncNow(volumeDir);
}

function copyInto(folder: string, name: 'links' | 'clicks', file: string): void {
  const target = { file, migrationsDir: migrationsDirOf(name) };
  // Before it is copied: of one that is not whole a part would be left behind.
  const fault = findFaultOfFile(target) ?? copyAndJudge(join(folder, `${name}.db`), target);
  if (fault !== undefined) throw new Refusal(`${file} cannot be restored as ${name}.db: ${fault}`);
}

function copyAndJudge(
  copy: string,
  { file, migrationsDir }: { readonly file: string; readonly migrationsDir: string },
): string | undefined {
  copyFileSync(file, copy, constants.COPYFILE_FICLONE);
  return findFaultOfFile({ file: copy, migrationsDir });
}

function pathsIn(folder: string, { clicks }: RestoreFiles): string[] {
  const names = clicks === undefined ? ['links.db'] : ['links.db', 'clicks.db'];
  return names.map((name) => join(folder, name));
}

/** The command may run as root, and the app as a user who has to read and remove the files. */
function giveToOwnerOf(folder: string, paths: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  for (const path of paths) chownSync(path, uid, gid);
}

function syncNow(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
