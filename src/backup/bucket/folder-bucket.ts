import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nameBackupPlace } from '../../domain/backup-place.ts';
import { syncPath } from '../../sync-path.ts';
import { giveToOwnerOf } from '../give-to-owner.ts';
import { type Bucket, BucketFailure, checkKey, type StoredObject } from './bucket.ts';
import { toFolderFailure } from './folder-failure.ts';

/** Where an object lies until it is whole. The name is no key, so nobody finds it. */
const unfinished = '.unfinished';

/** What a power loss left of a write is thrown away after so long. */
const unfinishedKeptMs = 24 * 3_600_000;

/**
 * A folder as a bucket. The folder has to be there: one that is made on the way would hide that its disk is not mounted.
 *
 * An object is written and synced beside its place and renamed there, so that a reader finds all of it or nothing, also
 * after a power loss. What root writes belongs to the owner of the folder, so that a node which is not root goes on with it.
 */
export class FolderBucket implements Bucket {
  readonly name: string;
  readonly #folder: string;

  /** @param folder absolute */
  constructor(folder: string) {
    this.#folder = folder;
    this.name = nameBackupPlace({ in: 'folder', folder });
  }

  list(prefix: string, signal?: AbortSignal): Promise<readonly StoredObject[]> {
    return this.#named('be listed', async () => {
      await stat(this.#folder);
      const found: StoredObject[] = [];
      // Only the folders that can hold such keys.
      const top = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      await this.#collect(top, found, signal);
      return found
        .filter(({ key }) => key.startsWith(prefix))
        .toSorted((a, b) => (a.key < b.key ? -1 : 1));
    });
  }

  read(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    checkKey(key);
    return this.#named(`give ${key}`, async () => {
      const file = await unlessMissing(open(join(this.#folder, key), 'r'));
      if (file === undefined) {
        // Nothing is known of objects in a folder that is gone.
        await stat(this.#folder);
        return undefined;
      }
      await using _ = file;
      signal?.throwIfAborted();
      return await readWhole(file, key);
    });
  }

  write(key: string, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    return this.#named(`store ${key}`, async () => {
      await stat(this.#folder);
      await this.#makeFolder(unfinished);
      await this.#makeFolder(dirname(key));
      const fresh = join(this.#folder, unfinished, randomUUID());
      try {
        const file = await open(fresh, 'wx', 0o600);
        try {
          giveToOwnerOf(this.#folder, [fresh]);
          await file.writeFile(body);
          await file.sync();
        } finally {
          await file.close();
        }
        signal?.throwIfAborted();
        await rename(fresh, join(this.#folder, key));
      } catch (error) {
        await rm(fresh, { force: true });
        throw error;
      }
      await syncFolder(dirname(join(this.#folder, key)));
    });
  }

  remove(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    keys.forEach(checkKey);
    return this.#named('remove objects', async () => {
      await stat(this.#folder);
      for (const key of keys) {
        signal?.throwIfAborted();
        await unlessMissing(rm(join(this.#folder, key)));
      }
      await this.#removeUnfinished();
    });
  }

  nowMs(): Promise<number> {
    return this.#named('be reached', async () => {
      await stat(this.#folder);
      return Date.now();
    });
  }

  async #named<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof BucketFailure ? error : toFolderFailure(error, what, this.#folder);
    }
  }

  async #collect(under: string, found: StoredObject[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const entries = await unlessMissing(
      readdir(join(this.#folder, under), { withFileTypes: true }),
    );
    for (const entry of entries ?? []) {
      const key = `${under}${entry.name}`;
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) await this.#collect(`${key}/`, found, signal);
      if (!entry.isFile()) continue;
      // Another one may remove it meanwhile.
      const facts = await unlessMissing(stat(join(this.#folder, key)));
      if (facts) found.push({ key, bytes: facts.size, storedAtMs: Math.floor(facts.mtimeMs) });
    }
  }

  /** Makes a folder and those above it, durably. */
  async #makeFolder(under: string): Promise<void> {
    const path = join(this.#folder, under);
    const first = await mkdir(path, { recursive: true });
    for (let made = path; made.length > this.#folder.length; made = dirname(made)) {
      giveToOwnerOf(this.#folder, [made]);
    }
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) {
      await syncFolder(dirname(made));
    }
  }

  async #removeUnfinished(): Promise<void> {
    const folder = join(this.#folder, unfinished);
    for (const name of (await unlessMissing(readdir(folder))) ?? []) {
      const facts = await unlessMissing(stat(join(folder, name)));
      if (facts && facts.mtimeMs < Date.now() - unfinishedKeptMs) {
        await rm(join(folder, name), { force: true });
      }
    }
  }
}

async function readWhole(file: FileHandle, key: string): Promise<Uint8Array> {
  const { size } = await file.stat();
  const body = await file.readFile();
  if (body.length === size) return body;
  throw new BucketFailure('answer', `${key} changed its length while it was read.`);
}

/** Some network file systems have no such thing, and keep names as safely as they keep anything. */
async function syncFolder(path: string): Promise<void> {
  try {
    await syncPath(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(code)) throw error;
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
