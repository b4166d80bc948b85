import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WriterOptions } from '../../src/storage/writer-options.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';

/** The real migrations of `links.db`. */
export const linksMigrations = fileURLToPath(new URL('../../migrations/links', import.meta.url));

/** The real migrations of `clicks.db`. */
export const clicksMigrations = fileURLToPath(new URL('../../migrations/clicks', import.meta.url));

/** A folder of its own for one test, deleted with everything in it when disposed. */
export class TestFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'hoplite-storage-'));

  /** Path of a file in it. */
  file(name = 'links.db'): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What a writer needs, for `links.db` and `clicks.db` in a test's folder; alone unless something else is given. */
export function writerOptions(
  folder: TestFolder,
  given: Partial<WriterOptions> = {},
): WriterOptions {
  return {
    file: folder.file(),
    journalMode: 'wal',
    migrationsDir: linksMigrations,
    clicks: { file: folder.file('clicks.db'), migrationsDir: clicksMigrations },
    node: 'test',
    domain: { host: 'go.example.com', slugCase: 'insensitive' },
    links: { minSlugLength: 6, destinationPolicy: { ownHosts: [], allowPrivate: false } },
    ...given,
  };
}

/** A fresh database of epoch 1, made once and copied for each test. */
export class DatabaseTemplate implements Disposable {
  readonly #folder = new TestFolder();

  constructor(journalMode: WriterOptions['journalMode'] = 'wal') {
    openWriterSession(writerOptions(this.#folder, { journalMode }))[Symbol.dispose]();
  }

  copyTo(file: string): void {
    copyFileSync(this.#folder.file(), file);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
