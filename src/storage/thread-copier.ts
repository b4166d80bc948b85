import type { DatabaseName } from '../domain/database-name.ts';
import { runThread } from './run-thread.ts';

/** What the thread works on. */
export interface ThreadCopy {
  readonly files: Readonly<Record<DatabaseName, string>>;
  /** Where both are copied to. */
  readonly folder: string;
}

/** Copies both databases as `FileCopier` does, in a thread of its own: for a process that has other things to do. */
export function copyInThread(copy: ThreadCopy): Promise<void> {
  const thread = new URL('./copy-thread.ts', import.meta.url);
  return runThread(thread, { name: 'copy', workerData: copy });
}
