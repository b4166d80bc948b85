import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { giveToOwnerOf } from '../../backup/give-to-owner.ts';
import { type DatabaseName, databaseNames } from '../../domain/database-name.ts';
import { Failure } from '../../domain/failure.ts';
import { startsEmpty } from '../../domain/starts-empty.ts';
import { findFaultOfFile } from '../../storage/database-file.ts';
import { syncPathNow } from '../../sync-path.ts';
import { migrationsDirs } from '../release.ts';

/** The files to restore, by the database that they become. Without links there is nothing to restore. */
export interface RestoreFiles {
  readonly links: string;
  readonly clicks: string | undefined;
}

/** Where files wait. Both lie on one disk. */
export interface StagingPlace {
  /** Until they are found sound. Nobody else uses it, and what an earlier run has left there is removed. */
  readonly stagingDir: string;
  /** From then on: where the node looks for them. */
  readonly restoreDir: string;
}

/** Files that were found sound, beside the folder that they become. */
export interface StagedRestore {
  /** `undefined` where it was said that there are none. */
  readonly linksFile: string | undefined;
  /** Puts the files where the node looks for them, in place of earlier ones. After this a power cut loses nothing of them. */
  commit(): void;
  /** Takes them away. */
  discard(): void;
}

/**
 * Copies files aside and looks whether they are sound: it is the copies that are judged, since they are imported. Throws
 * a `Failure` that names the file and what is wrong with it.
 */
export function stageFiles(place: StagingPlace, files: RestoreFiles): StagedRestore {
  const staging = makeStaging(place);
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
  return toStaged(place);
}

/**
 * Has a backup unpacked aside and looks whether its files are sound. Gives what `unpack` gives; `undefined`, with nothing
 * staged, when that is `undefined`. Throws what it throws, and a `Failure` where a file cannot be used.
 */
export async function stageBackup<T extends object>(
  place: StagingPlace,
  unpack: (folder: string) => Promise<T | undefined>,
): Promise<{ readonly staged: StagedRestore; readonly unpacked: T } | undefined> {
  const staging = makeStaging(place);
  try {
    const unpacked = await unpack(staging);
    if (unpacked !== undefined) {
      for (const name of databaseNames) {
        const file = join(staging, `${name}.db`);
        if (name === 'links' || existsSync(file)) expectSound(name, file, file);
      }
      return { staged: toStaged(place), unpacked };
    }
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
  rmSync(staging, { recursive: true, force: true });
  return undefined;
}

/** Says that there is nothing to restore, in place of earlier files: the fleet starts empty. */
export function stageNothing(place: StagingPlace): StagedRestore {
  writeFileSync(join(makeStaging(place), startsEmpty), '');
  return toStaged(place);
}

function makeStaging({ stagingDir }: StagingPlace): string {
  rmSync(stagingDir, { recursive: true, force: true });
  mkdirSync(stagingDir, { recursive: true, mode: 0o700 });
  return stagingDir;
}

function toStaged({ stagingDir: staging, restoreDir }: StagingPlace): StagedRestore {
  const linksFile = join(staging, 'links.db');
  const files = [...databaseNames.map((name) => `${name}.db`), startsEmpty]
    .map((name) => join(staging, name))
    .filter((file) => existsSync(file));
  return {
    linksFile: files.includes(linksFile) ? linksFile : undefined,
    commit() {
      giveToOwnerOf(dirname(restoreDir), [staging, ...files]);
      for (const path of [...files, staging]) syncPathNow(path);
      rmSync(restoreDir, { recursive: true, force: true });
      renameSync(staging, restoreDir);
      syncPathNow(dirname(restoreDir));
    },
    discard: () => rmSync(staging, { recursive: true, force: true }),
  };
}

function expectSound(name: DatabaseName, file: string, title: string): void {
  const fault = findFaultOfFile({ file, migrationsDir: migrationsDirs[name] });
  if (fault === undefined) return;
  throw new Failure('conflict', `${title} cannot be restored as ${name}.db: ${fault}`);
}
