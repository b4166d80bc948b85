import { runThread } from './run-thread.ts';

/** What the thread works on. */
export interface Replacement {
  readonly from: string;
  readonly to: string;
}

/**
 * Makes the database `to`, which other handles may read meanwhile, what the file `from` holds: in one transaction, so that
 * everybody sees all of it or nothing, and so does whoever opens it after a crash. In a thread of its own. For a machine
 * alone: on LiteFS, its own import is quicker. Nobody else may write. Rejects with SQLite's error, and nothing has changed then.
 */
export function replaceDatabase(replacement: Replacement): Promise<void> {
  const thread = new URL('./replace-thread.ts', import.meta.url);
  return runThread(thread, { name: 'replace', workerData: replacement });
}
