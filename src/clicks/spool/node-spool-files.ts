import {
  closeSync,
  fdatasync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syncPath, syncPathNow } from '../../sync-path.ts';
import type { SegmentFile, SpoolFiles } from './spool-files.ts';

const datasync = promisify(fdatasync);

/** The files of a spool below `root`, which is made when it is not there. */
export function createNodeSpoolFiles(root: string): SpoolFiles {
  const pathOf = (folder: string, name: string) => join(root, folder, name);
  return {
    listFolders() {
      mkdirSync(root, { recursive: true });
      return readdirSync(root, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name);
    },
    makeFolder(folder) {
      mkdirSync(join(root, folder), { recursive: true });
      syncPathNow(root);
    },
    listFiles(folder) {
      // There can be 100,000: a batch a second makes 86,400 in a day.
      const path = join(root, folder);
      return readdirSync(path).map((name) => ({ name, bytes: statSync(`${path}/${name}`).size }));
    },
    findMark(folder, name) {
      // A copy on a new file system can well have the inode of its original, but not its time.
      const { ino, birthtimeNs } = statSync(pathOf(folder, name), { bigint: true });
      return `${ino}/${birthtimeNs}`;
    },
    readFile: (folder, name) => readFileSync(pathOf(folder, name)),
    loadFile: (folder, name) => readFile(pathOf(folder, name)),
    openSegment: (folder, name) => openSegmentFile(pathOf(folder, name)),
    async writeFile(folder, name, bytes) {
      await using file = await open(pathOf(folder, name), 'w');
      await file.writeFile(bytes);
      await file.datasync();
    },
    rename: (folder, from, to) => renameSync(pathOf(folder, from), pathOf(folder, to)),
    remove: (folder, name) => unlinkSync(pathOf(folder, name)),
    syncFolder: (folder) => syncPath(join(root, folder)),
  };
}

function openSegmentFile(path: string): SegmentFile {
  const descriptor = openSync(path, 'a');
  let syncing = 0;
  let isClosing = false;
  const closeWhenIdle = () => {
    // Its number would be another file's in the middle of a sync.
    if (isClosing && syncing === 0) closeSync(descriptor);
  };
  return {
    append: (bytes) => writeSync(descriptor, bytes, 0, bytes.length),
    truncate: (length) => ftruncateSync(descriptor, length),
    async sync() {
      syncing += 1;
      try {
        await datasync(descriptor);
      } finally {
        syncing -= 1;
        closeWhenIdle();
      }
    },
    close() {
      isClosing = true;
      closeWhenIdle();
    },
  };
}
