import { Worker } from 'node:worker_threads';
import type { DatabaseName } from '../domain/database-facts.ts';

/** What the thread works on. */
export interface ThreadCopy {
  readonly files: Readonly<Record<DatabaseName, string>>;
  /** Where both are copied to. */
  readonly folder: string;
}

/** Copies both databases as `FileCopier` does, in a thread of its own: for a process that has other things to do. */
export async function copyInThread(copy: ThreadCopy): Promise<void> {
  const worker = new Worker(new URL('./copy-thread.ts', import.meta.url), {
    name: 'copy',
    workerData: copy,
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}
