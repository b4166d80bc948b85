import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { CreateJob, CreateResult, LoadJob, LoadResult } from './load-job.ts';
import { type Core, cores, pinned } from './pinned.ts';

/** The load in a process of its own, on its own core unless told otherwise. */
export class LoadProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  #error: Error | undefined;

  constructor(signal: AbortSignal, core: Core = cores.load) {
    const program = join(import.meta.dirname, 'load.ts');
    const [command = '', ...args] = pinned(core, [process.execPath, program]);
    this.#child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      killSignal: 'SIGKILL',
      signal,
    });
    // That it cannot be started or was ended by the signal, `run` says.
    this.#child.on('error', (error) => {
      this.#error = error;
    });
  }

  /** Rejects when an answer was wrong or did not come; the load has said on stderr which. */
  run(job: LoadJob): Promise<LoadResult> {
    return this.#do(job);
  }

  /** The same for links that are created. */
  create(job: CreateJob): Promise<CreateResult> {
    return this.#do(job);
  }

  async #do<Result>(job: LoadJob | CreateJob): Promise<Result> {
    const settled = new AbortController();
    const { signal } = settled;
    try {
      const ended = once(this.#child, 'exit', { signal }).then(([code]) => {
        throw new Error(`the load ended with ${code}`, { cause: this.#error });
      });
      const answer = once(this.#child, 'message', { signal });
      this.#child.send(job);
      const [result] = await Promise.race([answer, ended]);
      return result as Result;
    } finally {
      settled.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
