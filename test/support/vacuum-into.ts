import Database from 'better-sqlite3';

/** Copies a database that others may have open, into a file in mode DELETE. */
export function vacuumInto(from: string, to: string): void {
  const database = new Database(from, { readonly: true });
  try {
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
}
