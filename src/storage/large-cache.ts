import type { Connection } from './connection.ts';

/** Enough for all pages that one request of an import changes. */
const largeKiB = 65_536;

/**
 * Runs work that changes thousands of pages, with room for all of them: otherwise SQLite writes pages out, reads them again and
 * writes them again within one transaction. The memory is given back afterwards.
 */
export function withLargeCache<T>({ database }: Connection, work: () => T): T {
  const before = database.pragma('cache_size', { simple: true });
  database.pragma(`cache_size = -${largeKiB}`);
  try {
    return work();
  } finally {
    database.pragma(`cache_size = ${before}`);
  }
}
