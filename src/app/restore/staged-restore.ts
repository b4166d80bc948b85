import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { giveToOwnerOf } from '../../backup/give-to-owner.ts';
import { type DatabaseName, databaseNames } from '../../domain/database-name.ts';
import { Failure } from '../../domain/failure.ts';
import { findFaultOfFile } from '../../storage/database-file.ts';
import { migrationsDirs } from '../release.ts';

/** The files to restore, by the database that they become. Without links there is nothing to restore. */
export interface RestoreFiles {
  readonly links: string;
  readonly clicks: string | undefined;
}

/** Files that were found sound, beside the folder that they become. */
export interface StagedRestore {
  readonly linksFile: string;
  /** Puts the files where the node looks for them, in place of earlier ones. After this a power cut loses nothing of them. */
  commit(): void;
  /** Takes them away. */
  discard(): void;
}

/**
 * Copies files aside and looks whether they are sound: it is the copies that are judged, since they are imported. Throws
 * a `Failure` that names the file and what is wrong with it.
 */
export function stageFiles(restoreDir: string, files: RestoreFiles): StagedRestore {
  const staging = makeStaging(restoreDir);
  try {
    for (const name of databaseNames) {
      const file = files[name];
      if (file === undefined) continue;
      // Before it is copied: of one that is not whole a part would be left behind.
      expectSound(name, file, file);
      copyFileSync(file, join(staging, `${name}.db`), constants.COPYFILE_FICLONE);
      expectSound(name, join(staging, `${name}.db`), file);
    }
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
  return toStaged(restoreDir, staging);
}

/**
 * Has a backup unpacked aside and looks whether its files are sound. Gives what `unpack` gives; `undefined`, with nothing
 * staged, when that is `undefined`. Throws what it throws, and a `Failure` where a file cannot be used.
 */
export async function stageBackup<T extends object>(
  restoreDir: string,
  unpack: (folder: string) => Promise<T | undefined>,
): Promise<{ readonly staged: StagedRestore; readonly unpacked: T } | undefined> {
  const staging = makeStaging(restoreDir);
  try {
    const unpacked = await unpack(staging);
    if (unpacked !== undefined) {
      for (const name of databaseNames) {
        const file = join(staging, `${name}.db`);
        if (name === 'links' || existsSync(file)) expectSound(name, file, file);
      }
      return { staged: toStaged(restoreDir, staging), unpacked };
    }
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
  rmSync(staging, { recursive: true, force: true });
  return undefined;
}

/** Forces to the disk what a file holds, or which names a folder has. */
export function syncNow(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What an earlier one has left there is of a restore that broke off. */
function makeStaging(restoreDir: string): string {
  const staging = `${restoreDir}.new`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  return staging;
}

function toStaged(restoreDir: string, staging: string): StagedRestore {
  const files = databaseNames
    .map((name) => join(staging, `${name}.db`))
    .filter((file) => existsSync(file));
  return {
    linksFile: join(staging, 'links.db'),
    commit() {
      giveToOwnerOf(dirname(restoreDir), [staging, ...files]);
      for (const path of [...files, staging]) syncNow(path);
      rmSync(restoreDir, { recursive: true, force: true });
      renameSync(staging, restoreDir);
      syncNow(dirname(restoreDir));
    },
    discard: () => rmSync(staging, { recursive: true, force: true }),
  };
}

function expectSound(name: DatabaseName, file: string, title: string): void {
  const fault = findFaultOfFile({ file, migrationsDir: migrationsDirs[name] });
  if (fault === undefined) return;
  throw new Failure('conflict', `${title} cannot be restored as ${name}.db: ${fault}`);
}
