import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { Failure } from '../domain/failure.ts';
import { Connection } from './connection.ts';
import { isSqliteError } from './sqlite-error.ts';

/** What a read may come to besides its result: another time, or no database with a schema yet. */
export type Unreadable = 'busy' | 'absent';

/** What a file holds: in words, and one of its tables, which shows that its schema has been made. */
export interface ReaderContent {
  readonly words: string;
  readonly table: string;
}

const linksContent: ReaderContent = { words: 'the links', table: 'links' };

/** How long a read that met a lock waits before it tries again, milliseconds. */
const retryAfterMs = 1;

/**
 * A readonly handle on a database that may not exist yet, be locked by the writer or replaced by LiteFS.
 * It is opened by the first read that finds the file, and never waits for a lock: that would stop
 * everything else of this thread.
 */
export class ReaderConnection implements Disposable {
  readonly #file: string;
  readonly #timeoutMs: number;
  readonly #content: ReaderContent;
  readonly #keepsPages: boolean;
  #connection: Connection | undefined;
  #opened = 0;

  /**
   * `keepsPages`: SQLite keeps pages from one read to the next, which saves a read of a few links a sixth. Only where
   * nothing but SQLite changes the file: LiteFS can do so without a trace that SQLite would see (docs/facts.md,
   * "Pages go stale without a trace").
   */
  constructor(
    file: string,
    timeoutMs: number,
    content: ReaderContent = linksContent,
    keepsPages = false,
  ) {
    this.#file = file;
    this.#timeoutMs = timeoutMs;
    this.#content = content;
    this.#keepsPages = keepsPages;
  }

  /** How many handles there have been: what a handle counts, such as its data version, starts anew with each. */
  get opened(): number {
    return this.#opened;
  }

  /** Runs `work` on one state of the database, as it is now. */
  readFresh<T>(work: (connection: Connection) => T): { readonly value: T } | Unreadable {
    return this.read((connection) => {
      this.#shedPages(connection);
      return connection.inReadTransaction(() => work(connection));
    });
  }

  /** Runs one read, which must not keep the connection. Other errors than those of `Unreadable` pass. */
  read<T>(work: (connection: Connection) => T): { readonly value: T } | Unreadable {
    try {
      const connection = this.#open();
      if (connection === undefined) return 'absent';
      return { value: work(connection) };
    } catch (error) {
      return this.#toUnreadable(error);
    }
  }

  /**
   * Runs one fresh read, again and again while the database is busy. Rejects with `unavailable` after the
   * timeout, and when there is no database yet.
   */
  async readPatiently<T>(work: (connection: Connection) => T): Promise<T> {
    const outcome = await this.readIfPresent(work);
    if (outcome === undefined) throw noDatabase(this.#content);
    return outcome.value;
  }

  /** The same, but `undefined` when there is no database yet. */
  async readIfPresent<T>(
    work: (connection: Connection) => T,
  ): Promise<{ readonly value: T } | undefined> {
    const deadline = performance.now() + this.#timeoutMs;
    for (;;) {
      const outcome = this.read((connection) => {
        this.#shedPages(connection);
        return work(connection);
      });
      if (typeof outcome === 'object') return outcome;
      if (outcome === 'absent') return undefined;
      if (performance.now() >= deadline) throw busyDatabase(this.#content);
      await wait(retryAfterMs);
    }
  }

  /** Closes the handle; the next read opens another. */
  reopen(): void {
    this.#connection?.[Symbol.dispose]();
    this.#connection = undefined;
  }

  [Symbol.dispose](): void {
    this.reopen();
  }

  #open(): Connection | undefined {
    if (this.#connection !== undefined) return this.#connection;
    if (!existsSync(this.#file)) return undefined;
    const database = new Database(this.#file, { readonly: true, fileMustExist: true, timeout: 0 });
    this.#connection = new Connection(database);
    this.#opened += 1;
    database.pragma('trusted_schema = OFF');
    return this.#connection;
  }

  #shedPages(connection: Connection): void {
    if (!this.#keepsPages) connection.execute('PRAGMA shrink_memory');
  }

  #toUnreadable(error: unknown): Unreadable {
    if (isSqliteError(error, 'BUSY', 'LOCKED', 'PROTOCOL')) return 'busy';
    // A journal or WAL that a crash left, which only a writer can recover.
    if (isSqliteError(error, 'READONLY_ROLLBACK', 'READONLY_RECOVERY', 'READONLY_CANTINIT')) {
      return 'busy';
    }
    if (isSqliteError(error, 'IOERR')) {
      this.reopen();
      return 'busy';
    }
    if (isSqliteError(error, 'CANTOPEN')) {
      this.reopen();
      return 'absent';
    }
    if (isSqliteError(error, 'ERROR') && this.#hasNoSchema()) return 'absent';
    throw error;
  }

  /** Whether the database has no tables yet: it is made in one transaction, between two looks at it. */
  #hasNoSchema(): boolean {
    const outcome = this.read(({ database }) =>
      database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(this.#content.table),
    );
    return typeof outcome === 'object' && outcome.value === undefined;
  }
}

function noDatabase({ words }: ReaderContent): Failure {
  return new Failure('unavailable', `This node has no copy of ${words} yet.`, { retryAfterS: 1 });
}

function busyDatabase({ words }: ReaderContent): Failure {
  return new Failure('unavailable', `The copy of ${words} on this node is busy.`, {
    retryAfterS: 1,
  });
}
