import type { ApiKeyReader } from '../domain/api-key.ts';
import type { EpochHistory } from '../domain/bookmark.ts';
import { toEpochTag } from '../domain/epoch-tag.ts';
import type { LinkReader } from '../domain/link-store.ts';
import type { RedirectStore } from '../domain/redirect-store.ts';
import { createApiKeyReader } from './api-key-reader.ts';
import { listEpochs } from './find-epoch.ts';
import { createLinkReader } from './link-reader.ts';
import { ReaderConnection } from './reader-connection.ts';
import { RedirectReader } from './redirect-reader.ts';
import { readSchemaVersion } from './schema-version.ts';

/** Which file to read, and how patiently. */
export interface ReaderOptions {
  /** Path of `links.db`; the file may not exist yet. */
  readonly file: string;
  /** How long a read waits for a busy database, milliseconds. */
  readonly timeoutMs: number;
  /** Whether nothing but SQLite changes the file, so that its pages can be kept: never on LiteFS; default false. */
  readonly keepsPages?: boolean;
}

/** This node's copy of `links.db`, readonly, on the thread that serves. */
export class Reader implements Disposable {
  readonly links: LinkReader;
  readonly keys: ApiKeyReader;
  readonly redirects: RedirectStore;
  readonly #connection: ReaderConnection;

  constructor({ file, timeoutMs, keepsPages }: ReaderOptions) {
    this.#connection = new ReaderConnection(file, timeoutMs, undefined, keepsPages);
    this.links = createLinkReader(this.#connection);
    this.keys = createApiKeyReader(this.#connection);
    this.redirects = new RedirectReader(this.#connection);
  }

  /**
   * A number that is the same only while nothing else committed to the file: SQLite's data version, made
   * unique over handles. `undefined` when it cannot be told. Alone it is the redirect path's stamp.
   */
  dataVersion(): number | undefined {
    const outcome = this.#connection.read((c) => c.value('PRAGMA data_version') as number);
    if (typeof outcome !== 'object') return undefined;
    return this.#connection.opened * 2 ** 32 + outcome.value;
  }

  /** Number of the newest migration; `undefined` without a database. Rejects with `unavailable` when busy. */
  schemaVersion(): Promise<number | undefined> {
    return readSchemaVersion(this.#connection);
  }

  /**
   * The newest epochs, from a read that sheds stale pages. `undefined` without a database, and while it is busy or has
   * had no primary.
   */
  epochs(): EpochHistory | undefined {
    const outcome = this.#connection.readFresh((connection) => connection.all(listEpochs, {}));
    const rows = typeof outcome === 'object' ? outcome.value : [];
    const newest = rows[0]?.epoch;
    if (newest === undefined) return undefined;
    const tags = rows.map(({ started_at: startedAt, ...row }): [number, string] => [
      row.epoch,
      toEpochTag({ ...row, startedAt }),
    ]);
    return { newest, tags: new Map(tags) };
  }

  /** Opens the file anew with the next read: after LiteFS has replaced it. */
  reopen(): void {
    this.#connection.reopen();
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}

/** Opens a reader; the file itself is opened by the first read that finds it. */
export function openReader(options: ReaderOptions): Reader {
  return new Reader(options);
}
