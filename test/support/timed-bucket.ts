import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bucket, StoredObject } from '../../src/backup/bucket/bucket.ts';
import { FolderBucket } from '../../src/backup/bucket/folder-bucket.ts';

/** A real folder as a bucket, whose clock a test sets. */
export class TimedBucket implements Bucket {
  readonly name: string;
  readonly #folder: string;
  readonly #bucket: Bucket;
  /** Milliseconds since 1970 UTC. */
  atMs: number;

  constructor(folder: string, atMs: number) {
    this.#folder = folder;
    this.#bucket = new FolderBucket(folder);
    this.name = this.#bucket.name;
    this.atMs = atMs;
  }

  list(prefix: string, signal?: AbortSignal): Promise<readonly StoredObject[]> {
    return this.#bucket.list(prefix, signal);
  }

  read(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#bucket.read(key, signal);
  }

  async write(key: string, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    const seconds = this.atMs / 1000;
    await this.#bucket.write(key, body, signal);
    await utimes(join(this.#folder, key), seconds, seconds);
  }

  remove(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    return this.#bucket.remove(keys, signal);
  }

  async nowMs(): Promise<number> {
    return this.atMs;
  }
}
