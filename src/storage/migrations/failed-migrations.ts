import { hash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readMigrations } from './migration.ts';

/**
 * Remembers, over restarts, that the migrations of this release have failed on this node: a file on its own disk that
 * says which they were. Other migrations than those have not failed.
 */
export class FailedMigrations {
  readonly #file: string;
  readonly #fingerprint: string;

  /** `folders`: those of the release, in any order that stays. Throws `MigrationError` for one that cannot be read. */
  constructor(file: string, folders: readonly string[]) {
    this.#file = file;
    const sums = folders.map((folder) => readMigrations(folder).map(({ sha256 }) => sha256));
    this.#fingerprint = hash('sha256', JSON.stringify(sums));
  }

  /** Whether they have failed. */
  haveFailed(): boolean {
    try {
      return readFileSync(this.#file, 'utf8') === this.#fingerprint;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  noteFailure(): void {
    writeFileSync(this.#file, this.#fingerprint);
  }

  noteSuccess(): void {
    rmSync(this.#file, { force: true });
  }
}
