import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { DatabaseCopier, DatabaseCopies, DatabaseCopy } from '../domain/database-copy.ts';
import type { DatabaseName } from '../domain/database-name.ts';
import { Failure } from '../domain/failure.ts';

/** 1 MiB of SQLite's usual pages: a few milliseconds of work. */
const pagesPerPiece = 256;
const lockTimeoutMs = 10_000;

/**
 * Copies the databases of a node that runs alone, by SQLite's backup API and while others write to them. A copy is of one
 * state. In WAL mode making it holds up no writer. Blocks this process meanwhile, so it belongs into one of its own.
 */
export class FileCopier implements DatabaseCopier {
  readonly #files: Readonly<Record<DatabaseName, string>>;
  readonly #rest: () => void;

  /** `rest` is called after each piece of 1 MiB, and may block. */
  constructor(files: Readonly<Record<DatabaseName, string>>, rest: () => void = () => {}) {
    this.#files = files;
    this.#rest = rest;
  }

  async readPosition(): Promise<undefined> {
    return undefined;
  }

  async copyInto(
    folder: string,
    databases: readonly DatabaseName[],
    signal: AbortSignal,
  ): Promise<DatabaseCopies> {
    const copies: Partial<Record<DatabaseName, DatabaseCopy>> = {};
    for (const database of databases) {
      signal.throwIfAborted();
      const source = this.#files[database];
      if (!existsSync(source)) continue;
      const file = join(folder, `${database}.db`);
      const takenAtMs = Date.now();
      await copyFile(source, file, () => {
        signal.throwIfAborted();
        this.#rest();
      });
      copies[database] = { file, bytes: statSync(file).size, takenAtMs, position: undefined };
    }
    return copies;
  }
}

async function copyFile(source: string, target: string, onPiece: () => void): Promise<void> {
  if (existsSync(target)) throw new Failure('conflict', `${target} exists already`);
  const from = new Database(source, { readonly: true, timeout: lockTimeoutMs });
  try {
    // One state is read by all pieces: without it a copy begins anew with each write, and never ends on a busy node.
    from.exec('BEGIN');
    from.prepare('SELECT 1 FROM sqlite_schema').get();
    await from.backup(target, {
      progress() {
        onPiece();
        return pagesPerPiece;
      },
    });
  } finally {
    from.close();
  }
  leaveWal(target);
}

/** The header comes from the source, and a file in WAL mode must not enter a fleet. */
function leaveWal(file: string): void {
  const copy = new Database(file);
  try {
    const mode = copy.pragma('journal_mode = DELETE', { simple: true });
    if (mode !== 'delete') throw new Failure('internal', `${file} stays in ${mode} mode`);
  } finally {
    copy.close();
  }
}
