import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** Whether programs run on cores of their own. */
export const isPinned = canPin;

/** A program of this folder in a process of its own, on one core where that can be had. */
export class Pinned implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(program: string, core: number, args: readonly string[], env = process.env) {
    const node = [process.execPath, program, ...args];
    const [command = '', ...rest] = canPin ? ['taskset', '-c', String(core), ...node] : node;
    this.#child = spawn(command, rest, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** Asks the program something, or waits for it to speak first; rejects when it ends instead. */
  async hear<T>(question?: string): Promise<T> {
    const ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`a program of the benchmark ended with ${code}`);
    });
    const answer = once(this.#child, 'message');
    if (question !== undefined) this.#child.send(question);
    const [message] = await Promise.race([answer, ended]);
    return message as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
