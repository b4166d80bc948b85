import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Runs a module to its end in a thread of its own, while this one goes on. Rejects with what it throws. */
export async function runThread(
  module: URL,
  options: Pick<WorkerOptions, 'name' | 'workerData'>,
): Promise<void> {
  const worker = new Worker(module, options);
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}
