import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { Connection } from '../../src/storage/connection.ts';

/** What a copy holds, as a value that it can go back to. */
export interface CopyState {
  readonly bytes: Buffer;
  readonly txid: number;
  readonly checksum: number;
}

/**
 * A node's copy of a real database, with a position as LiteFS keeps one: a txid that each commit raises, and a
 * checksum that no two contents share. It can become another state from outside, below all open handles and without
 * a trace that SQLite would see, as when LiteFS applies what a primary has.
 */
export class DatabaseCopy implements Disposable {
  readonly file: string;
  readonly #toChecksum: () => number;
  /** Stays open: closing a descriptor drops the locks of this process on the file. */
  #descriptor: number | undefined;
  #writer: Connection | undefined;
  #txid = 1;
  #checksum: number;

  /** `toChecksum` gives another number each time. */
  constructor(file: string, toChecksum: () => number) {
    this.file = file;
    this.#toChecksum = toChecksum;
    this.#checksum = toChecksum();
  }

  /** The position, as a stamp. */
  readonly stamp = (): string =>
    [this.#txid, this.#checksum].map((part) => part.toString(16).padStart(16, '0')).join('/');

  /** What it holds now. Not in WAL mode, where the file does not say all. */
  get state(): CopyState {
    return { bytes: readFileSync(this.file), txid: this.#txid, checksum: this.#checksum };
  }

  /** Runs a transaction, as a primary does. */
  commit(work: (connection: Connection) => void): void {
    this.#writer ??= openWriter(this.file);
    const writer = this.#writer;
    writer.database.transaction(() => work(writer)).immediate();
    this.#txid += 1;
    this.#checksum = this.#toChecksum();
  }

  /** Overwrites it. Whoever was primary here is no more, and opens a new writer once it is again. */
  become({ bytes, txid, checksum }: CopyState): void {
    this.#writer?.[Symbol.dispose]();
    this.#writer = undefined;
    this.#descriptor ??= openSync(this.file, 'r+');
    writeSync(this.#descriptor, bytes, 0, bytes.length, 0);
    ftruncateSync(this.#descriptor, bytes.length);
    this.#txid = txid;
    this.#checksum = checksum;
  }

  [Symbol.dispose](): void {
    this.#writer?.[Symbol.dispose]();
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}

/** A writer that trusts the disk, since no test pulls the plug. */
function openWriter(file: string): Connection {
  const database = new Database(file, { timeout: 0 });
  database.pragma('synchronous = OFF');
  if (database.pragma('journal_mode', { simple: true }) === 'delete') {
    database.pragma('journal_mode = MEMORY');
  }
  return new Connection(database);
}
