import { Worker } from 'node:worker_threads';
import type { Writer, WriterCommands, Written } from '../domain/writer.ts';
import { fromCarried } from './carried-error.ts';
import { notMade, outcomeUnknown } from './write-failures.ts';
import type { FromWriterThread, ToWriterThread } from './writer-messages.ts';
import type { WriterOptions } from './writer-options.ts';
import type { Opened } from './writer-session.ts';

/** The writer of `links.db`, in a thread of its own. */
export interface OpenWriter extends Writer, AsyncDisposable {
  readonly opened: Opened;
  /** Resolves when the thread has ended: with `undefined` after a disposal, else with the reason. */
  readonly ended: Promise<Error | undefined>;
}

/** How much may wait and how long. */
export interface MailboxOptions {
  /** Commands that may wait, besides those in the running transaction. Default 1,000. */
  readonly mailboxSize?: number | undefined;
  /** How long a disposal waits for what waits, milliseconds. Default 5,000. */
  readonly drainTimeoutMs?: number | undefined;
}

/** A transaction takes at most so many commands, so that none waits long for its neighbours. */
const maxCommandsPerTransaction = 100;

/**
 * Starts the writer. Resolves once migrations are applied and the epoch of this primary has begun.
 * Rejects with what `openWriterSession` throws.
 */
export async function startWriter(
  { mailboxSize = 1_000, drainTimeoutMs = 5_000, ...options }: WriterOptions & MailboxOptions,
  spawn: (options: WriterOptions) => Worker = spawnThread,
): Promise<OpenWriter> {
  const worker = spawn(options);
  const opened = await hearOpened(worker);
  return new ThreadedWriter(worker, opened, { mailboxSize, drainTimeoutMs });
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

function spawnThread(options: WriterOptions): Worker {
  return new Worker(new URL('./writer-thread.ts', import.meta.url), {
    workerData: options,
    name: 'writer',
  });
}

/** A command and who waits for it. */
interface Waiting {
  readonly name: keyof WriterCommands;
  readonly input: unknown;
  readonly resolve: (written: Written<never>) => void;
  readonly reject: (error: Error) => void;
}

class ThreadedWriter implements OpenWriter {
  readonly opened: Opened;
  readonly ended: Promise<Error | undefined>;
  readonly #worker: Worker;
  readonly #mailboxSize: number;
  readonly #drainTimeoutMs: number;
  #waiting: Waiting[] = [];
  #running: Waiting[] = [];
  #error: Error | undefined;
  #isEnded = false;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(
    worker: Worker,
    opened: Opened,
    options: { readonly mailboxSize: number; readonly drainTimeoutMs: number },
  ) {
    this.opened = opened;
    this.#worker = worker;
    this.#mailboxSize = options.mailboxSize;
    this.#drainTimeoutMs = options.drainTimeoutMs;
    worker.on('message', (message: FromWriterThread) => this.#hear(message));
    worker.on('error', (error: Error) => {
      this.#error = error;
    });
    this.ended = new Promise((resolve) => {
      worker.once('exit', () => resolve(this.#end()));
    });
  }

  run<Name extends keyof WriterCommands>(
    name: Name,
    input: Parameters<WriterCommands[Name]>[0],
  ): Promise<Written<ReturnType<WriterCommands[Name]>>> {
    if (this.#closing !== undefined || this.#isEnded) {
      return Promise.reject(notMade('The writer of this node is closing.'));
    }
    if (this.#waiting.length >= this.#mailboxSize) {
      return Promise.reject(notMade('Too many writes are waiting.'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, input, resolve, reject });
      this.#send();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** All that waits goes to the thread as one transaction, as soon as the last one is done. */
  #send(): void {
    if (this.#running.length > 0) return;
    if (this.#waiting.length === 0) {
      this.#drained?.();
      return;
    }
    this.#running = this.#waiting.splice(0, maxCommandsPerTransaction);
    const commands = this.#running.map(({ name, input }) => ({ name, input }));
    this.#say({ is: 'run', commands });
  }

  #say(message: ToWriterThread): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromWriterThread): void {
    const running = this.#running;
    if (message.is === 'done') {
      this.#running = [];
      const { position } = message;
      const { epoch } = this.opened;
      for (const [index, { resolve, reject }] of running.entries()) {
        const outcome = message.outcomes[index];
        if (outcome === undefined) reject(outcomeUnknown());
        else if ('error' in outcome) reject(fromCarried(outcome.error));
        else resolve({ value: outcome.value as never, position, epoch });
      }
      this.#send();
    } else if (message.is === 'ending') {
      this.#running = [];
      this.#error = fromCarried(message.error);
      const failure = notMade('The writer of this node opens again.', this.#error);
      for (const { reject } of running) reject(failure);
    }
  }

  #end(): Error | undefined {
    this.#isEnded = true;
    const failure = outcomeUnknown(this.#error);
    for (const { reject } of [...this.#running, ...this.#waiting]) reject(failure);
    this.#running = [];
    this.#waiting = [];
    this.#drained?.();
    if (this.#error !== undefined) return this.#error;
    return this.#closing === undefined ? new Error('the writer thread ended') : undefined;
  }

  async #close(): Promise<void> {
    if (this.#running.length > 0 && !(await this.#drain())) {
      const failure = notMade('The writer of this node is closing.');
      for (const { reject } of this.#waiting.splice(0)) reject(failure);
      await this.#worker.terminate();
    } else if (!this.#isEnded) {
      this.#say({ is: 'close' });
    }
    await this.ended;
  }

  /** Resolves to true when nothing waits any more, false when that takes too long. */
  async #drain(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, this.#drainTimeoutMs, false);
    this.#drained = () => resolve(true);
    const isDrained = await promise;
    clearTimeout(timer);
    return isDrained;
  }
}
