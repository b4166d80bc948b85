import Database from 'better-sqlite3';

/** The first column of what a query finds in the file of a database, which others may have open. */
export function readColumn<T>(file: string, sql: string): T[] {
  const database = new Database(file, { readonly: true, timeout: 2_000 });
  try {
    return database.prepare<[], T>(sql).pluck().all();
  } finally {
    database.close();
  }
}
