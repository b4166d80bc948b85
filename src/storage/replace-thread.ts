import { workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { Replacement } from './replace-database.ts';

/** SQLite takes the number of pages as an int. */
const allPages = 0x7fffffff;

const { from, to } = workerData as Replacement;
const source = new Database(from, { readonly: true, fileMustExist: true });
try {
  // All at once: what is copied is one transaction of the target anyway, and nobody else needs this thread.
  await source.backup(to, { progress: () => allPages });
} finally {
  source.close();
}
