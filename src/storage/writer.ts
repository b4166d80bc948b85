import { Worker } from 'node:worker_threads';
import type { ClickWriter, Writer } from '../domain/writer.ts';
import { fromCarried } from './carried-error.ts';
import { type MailboxLimits, ThreadedWriter } from './threaded-writer.ts';
import type { FromWriterThread, ToWriterThread } from './writer-messages.ts';
import type { WriterOptions } from './writer-options.ts';
import type { Opened } from './writer-session.ts';

/** The writer of both databases, in a thread of its own. */
export interface OpenWriter extends Writer, ClickWriter, AsyncDisposable {
  readonly opened: Opened;
  /** Resolves when the thread has ended: with `undefined` after a disposal, else with the reason. */
  readonly ended: Promise<Error | undefined>;
}

const defaultLimits: MailboxLimits = {
  mailboxSize: 1_000,
  clickMailboxSize: 10,
  answerTimeoutMs: 5_000,
  drainTimeoutMs: 5_000,
};

/** A writer's thread that has opened nothing yet: it loads its program meanwhile, which takes the most of a start. */
export interface SpareWriter extends AsyncDisposable {
  /**
   * Opens the writer in it, once. Resolves when migrations are applied and the epoch of this primary has begun. Rejects,
   * once the thread has ended, with what `openWriterSession` throws.
   */
  open(options: WriterOptions & Partial<MailboxLimits>): Promise<OpenWriter>;
}

/** Starts a thread for a writer. */
export function spawnWriter(spawn: () => Worker = spawnThread): SpareWriter {
  const worker = spawn();
  const opened = hearOpened(worker);
  // A thread that ends while it is a spare says so to whoever opens it.
  opened.catch(() => undefined);
  const say = (message: ToWriterThread) => worker.postMessage(message);
  return {
    async open(options) {
      say({ is: 'open', options });
      return new ThreadedWriter(worker, await opened, { ...defaultLimits, ...options });
    },
    async [Symbol.asyncDispose]() {
      say({ is: 'close' });
      await opened.catch(() => undefined);
    },
  };
}

/** Starts a thread and opens the writer in it. */
export function startWriter(
  options: WriterOptions & Partial<MailboxLimits>,
  spawn: () => Worker = spawnThread,
): Promise<OpenWriter> {
  return spawnWriter(spawn).open(options);
}

/**
 * What dies young in the thread is looked through each 4 MB, as `npm start` has it for the main thread. V8 would let it
 * come to 48 MB, which is no faster and stays the process's.
 */
const maxYoungGenerationSizeMb = 12;

function spawnThread(): Worker {
  return new Worker(new URL('./writer-thread.ts', import.meta.url), {
    name: 'writer',
    resourceLimits: { maxYoungGenerationSizeMb },
  });
}

/** Resolves when the thread is open; rejects once it has ended instead. */
function hearOpened(worker: Worker): Promise<Opened> {
  return new Promise((resolve, reject) => {
    let reason = new Error('the writer thread ended before it was open');
    const onError = (error: Error) => {
      reason = error;
    };
    const onExit = () => reject(reason);
    worker.once('error', onError);
    worker.once('exit', onExit);
    worker.once('message', (message: FromWriterThread) => {
      if (message.is === 'refused') reason = fromCarried(message.error);
      if (message.is !== 'opened') return;
      worker.off('error', onError);
      worker.off('exit', onExit);
      resolve(message.opened);
    });
  });
}
