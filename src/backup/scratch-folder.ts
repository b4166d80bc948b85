import { mkdir, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { giveToOwnerOf } from './give-to-owner.ts';

/** A folder for files of one run, gone with all in it when disposed. */
export interface ScratchFolder extends AsyncDisposable {
  readonly path: string;
}

/** Claims a folder until the result is disposed or this process ends, however it ends. Throws when another has it. */
export type ClaimFolder = (folder: string) => Disposable;

/** A disk has too little room for what is to be written, before it was begun or in the middle of it. The message is a sentence. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

/** So much of a disk stays free, or a tenth of a small one: links and clicks are still to be written. */
const reserveBytes = 1_073_741_824;

/**
 * Opens a folder of its own under `parent`, and takes away those that earlier runs left behind when they were killed: nobody
 * claims them any more. What root makes belongs to the owner of the folder above, who could use none of it otherwise. Rejects
 * with `NoRoom` when the disk would be too full with `neededBytes` more.
 */
export async function openScratchFolder(
  parent: string,
  neededBytes: number,
  claim: ClaimFolder,
): Promise<ScratchFolder> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  giveToOwnerOf(dirname(parent), [parent]);
  const { path, claimed } = await oneAtATime(parent, claim, async () => {
    await removeLeftOver(parent, claim);
    await expectRoom(parent, neededBytes);
    const path = await mkdtemp(join(parent, prefix));
    using claims = new DisposableStack();
    claims.use(claim(path));
    // With the locks of both folders: whoever cannot write those claims nothing.
    giveToOwnerOf(parent, [path, ...(await listLocks(parent)), ...(await listLocks(path))]);
    return { path, claimed: claims.move() };
  });
  return {
    path,
    async [Symbol.asyncDispose]() {
      using _ = claimed;
      await oneAtATime(parent, claim, () => rm(path, { recursive: true, force: true }));
    },
  };
}

const prefix = 'run-';
const retryMs = 20;
const mostTries = 500;

/**
 * Folders of runs come and go only so. Otherwise another run could take a new one for a left one, before it is claimed; or claim
 * one while it is removed, by a lock that is new in it, and so keep it from going.
 */
async function oneAtATime<T>(
  parent: string,
  claim: ClaimFolder,
  work: () => Promise<T>,
): Promise<T> {
  using _ = await claimInTurn(parent, claim);
  return await work();
}

async function claimInTurn(parent: string, claim: ClaimFolder): Promise<Disposable> {
  for (let tries = 1; ; tries += 1) {
    try {
      return claim(parent);
    } catch (error) {
      if (tries === mostTries) throw error;
      await delay(retryMs);
    }
  }
}

/** The files in a folder: a claim may be one. */
async function listLocks(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
}

async function removeLeftOver(parent: string, claim: ClaimFolder): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    try {
      using _ = claim(path);
      await rm(path, { recursive: true, force: true });
    } catch {
      // Another run has it.
    }
  }
}

/** Rejects with `NoRoom` when the disk of a folder would be too full with so many bytes more. */
export async function expectRoom(folder: string, neededBytes: number): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const reserve = Math.min(reserveBytes, (blocks * bsize) / 10);
  if (free >= neededBytes + reserve) return;
  throw new NoRoom(
    `the disk of ${folder} has ${toMiB(free)} MiB free, and a copy needs ${toMiB(neededBytes)} MiB with ${toMiB(reserve)} MiB to spare; make the volume larger`,
  );
}

function toMiB(bytes: number): number {
  return Math.ceil(bytes / 1_048_576);
}
