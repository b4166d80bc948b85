import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * LiteFS no longer stands behind its mount. Every handle this process has into it is dead for good, so there is
 * nothing left to do but to end the process.
 */
export class DeadMount extends Error {
  override readonly name = 'DeadMount';

  constructor(directory: string, cause?: unknown) {
    super(
      `LiteFS is gone from its mount at ${directory}`,
      cause === undefined ? undefined : { cause },
    );
  }
}

/** What the kernel answers for a FUSE mount whose file system process died; ECONNABORTED while it is dying. */
const deadCodes: ReadonlySet<unknown> = new Set(['ENOTCONN', 'ECONNABORTED', 'EIO']);

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/**
 * The folder where LiteFS shows its files, read in ways that tell an absent file from a dead mount.
 *
 * A mount that was replaced (LiteFS was started again) or taken away leaves a folder behind that looks sound.
 * It is found by its device number, which each mount has of its own.
 *
 * NOTE: never `readFileSync`: on a dead mount Node can abort the process when the close inside fails.
 */
export class Mount {
  readonly #directory: string;
  readonly #device: number;

  /** Throws when there is no such folder. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#device = statSync(directory).dev;
  }

  /** Opens a file for reading; `undefined` when it is not there. Throws `DeadMount`. */
  openFile(name: string): number | undefined {
    let fd: number | undefined;
    try {
      fd = openSync(join(this.#directory, name), 'r');
      this.#expectDevice(fstatSync(fd).dev);
      return fd;
    } catch (error) {
      if (fd !== undefined) this.closeFile(fd);
      if (codeOf(error) !== 'ENOENT') throw this.#translate(error);
      this.#expectDevice(statSync(this.#directory).dev);
      return undefined;
    }
  }

  /** Fills `buffer` from the beginning of an open file and gives the number of bytes. Throws `DeadMount`. */
  readFile(fd: number, buffer: Uint8Array): number {
    try {
      return readSync(fd, buffer, 0, buffer.length, 0);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  /** Closes an open file. On a dead mount close fails and has closed the file all the same. */
  closeFile(fd: number): void {
    try {
      closeSync(fd);
    } catch (error) {
      if (!deadCodes.has(codeOf(error))) throw error;
    }
  }

  /**
   * Reads the first `maxBytes` of a small file, off the main thread, so that a LiteFS that hangs blocks nobody.
   * `undefined` when it is not there. Rejects with `DeadMount`.
   */
  async read(name: string, maxBytes: number): Promise<string | undefined> {
    let file: FileHandle | undefined;
    try {
      file = await open(join(this.#directory, name), 'r');
      this.#expectDevice((await file.stat()).dev);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } catch (error) {
      // LiteFS lists `.primary` and says ENOENT only at its read when the primary goes away in between.
      if (codeOf(error) !== 'ENOENT') throw this.#translate(error);
      this.#expectDevice((await stat(this.#directory)).dev);
      return undefined;
    } finally {
      await file?.close().catch((error: unknown) => {
        if (!deadCodes.has(codeOf(error))) throw error;
      });
    }
  }

  #expectDevice(device: number): void {
    if (device !== this.#device) throw new DeadMount(this.#directory);
  }

  #translate(error: unknown): unknown {
    return deadCodes.has(codeOf(error)) ? new DeadMount(this.#directory, error) : error;
  }
}
