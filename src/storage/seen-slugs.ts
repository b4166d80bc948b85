import Database from 'better-sqlite3';

/** A row whose slug was seen. */
export interface SeenRow {
  readonly line: number;
  readonly destination: string;
}

/**
 * The slugs of a file of any size, by which a dry run notices one that comes twice. They lie in a database without a name,
 * which SQLite keeps in a temporary file once it is large, and which is gone when it is closed.
 */
export class SeenSlugs implements Disposable {
  readonly #database = new Database('');
  readonly #find;
  readonly #put;

  constructor() {
    this.#database.exec(
      'CREATE TABLE seen (slug_key TEXT PRIMARY KEY, line INTEGER NOT NULL, destination TEXT NOT NULL) STRICT, WITHOUT ROWID',
    );
    this.#database.exec('BEGIN');
    this.#find = this.#database.prepare<[string], SeenRow>(
      'SELECT line, destination FROM seen WHERE slug_key = ?',
    );
    this.#put = this.#database.prepare<[string, number, string]>(
      'REPLACE INTO seen (slug_key, line, destination) VALUES (?, ?, ?)',
    );
  }

  find(slugKey: string): SeenRow | undefined {
    return this.#find.get(slugKey);
  }

  put(slugKey: string, { line, destination }: SeenRow): void {
    this.#put.run(slugKey, line, destination);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
