import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseName } from '../domain/database-name.ts';
import { Failure } from '../domain/failure.ts';
import type { RestoreFile } from '../domain/restore.ts';

/** Files that arrive in pieces, and wait to take the place of databases. Beside the databases, never on a mount. */
export class StagedFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where the file for a database lies. */
  pathOf(database: DatabaseName): string {
    return join(this.#folder, `${database}.db`);
  }

  /** Adds bytes. At 0 the file begins anew; elsewhere it has to end there, otherwise `conflict` is thrown. */
  async add(database: DatabaseName, at: number, bytes: Uint8Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await using file = await open(this.pathOf(database), at === 0 ? 'w' : 'a', 0o600);
    const { size } = await file.stat();
    if (size !== at)
      throw conflict(`The file for ${database}.db has ${size} bytes here, not ${at}.`);
    await file.writeFile(bytes);
  }

  /** Throws `conflict` unless the file is there, whole and what was announced. */
  async expect(database: DatabaseName, announced: RestoreFile): Promise<void> {
    const path = this.pathOf(database);
    const bytes = (await stat(path).catch(() => undefined))?.size ?? 0;
    if (bytes !== announced.bytes) {
      throw conflict(`The file for ${database}.db has ${bytes} bytes, not ${announced.bytes}.`);
    }
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk);
    if (hash.digest('hex') !== announced.sha256) {
      throw conflict(`The file for ${database}.db is not the one that was announced.`);
    }
  }

  async discard(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function conflict(detail: string): Failure {
  return new Failure('conflict', `${detail} Nothing was changed.`);
}
