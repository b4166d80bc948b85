import Database from 'better-sqlite3';

/**
 * Draws links of a domain by chance, each as likely as any other, and gives their ids. Looks at all of them, so it is for files
 * that nobody waits for.
 */
export function sampleLinkIds(file: string, domainId: number, count: number): readonly number[] {
  const database = new Database(file, { readonly: true });
  try {
    return database
      .prepare<[number, number], number>(
        'SELECT id FROM links WHERE domain_id = ? ORDER BY random() LIMIT ?',
      )
      .pluck()
      .all(domainId, count);
  } finally {
    database.close();
  }
}
