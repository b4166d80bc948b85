import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { findProcessesWith, killProcess } from './process-identity.ts';
import { unlessGone } from './unless-gone.ts';
import { until } from './until.ts';

/** Every process of a cluster has this variable, with the id of its run: so it is found again, whoever its parent is. */
export const runVariable = 'HOPLITE_CLUSTER_RUN';

/**
 * Every process that a child started has this variable, with the child's id. Its process group would not do: the guard
 * gives LiteFS one of its own.
 */
const childVariable = 'HOPLITE_CLUSTER_CHILD';

/** A killed process ends as soon as the kernel gets to it. */
const killedWithinMs = 10_000;

/** How a process ended: its exit code, or the signal that ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A program started by the cluster, in a session of its own: the terminal's Ctrl-C does not reach it, so that the
 * cluster decides the order in which its parts end.
 */
export class Child {
  readonly pid: number;
  /** Resolves when the process has ended; never rejects. */
  readonly exited: Promise<Exit>;
  readonly #id: string;
  #exit: Exit | undefined;

  private constructor(child: ChildProcess, pid: number, id: string) {
    this.pid = pid;
    this.#id = id;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  /** Starts `command`; what it prints is appended to `logFile`. Throws when it cannot be started. */
  static async start(options: {
    readonly command: string;
    readonly args: readonly string[];
    readonly cwd: string;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly logFile: string;
    /** The id of the cluster's run. */
    readonly run: string;
    /** The words before the command, of a program that becomes it, as `nsenter` does. */
    readonly within?: readonly string[];
  }): Promise<Child> {
    const log = openSync(options.logFile, 'a');
    const id = randomUUID();
    try {
      const [command = options.command, ...args] = [
        ...(options.within ?? []),
        options.command,
        ...options.args,
      ];
      const child = spawn(command, args, {
        cwd: options.cwd,
        env: { ...options.env, [runVariable]: options.run, [childVariable]: id },
        detached: true,
        stdio: ['ignore', log, log],
      });
      const started = Promise.withResolvers<void>();
      child.once('spawn', () => started.resolve());
      child.once('error', started.reject);
      await started.promise;
      return new Child(child, child.pid as number, id);
    } finally {
      closeSync(log);
    }
  }

  /** How it ended; `undefined` while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Sends a signal to the process alone; nothing when it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.#exit === undefined) unlessGone(() => process.kill(this.pid, signal));
  }

  /** Ends the process and all that it started, at once. */
  async kill(): Promise<Exit> {
    if (this.#exit === undefined) unlessGone(() => process.kill(-this.pid, 'SIGKILL'));
    const exit = await this.exited;
    // The number of a process that has ended may belong to a stranger by now, its group to a stranger's group.
    await until(
      () => {
        const left = findProcessesWith(childVariable, this.#id);
        left.forEach(killProcess);
        return left.length === 0;
      },
      { what: `what process ${this.pid} started has ended`, timeoutMs: killedWithinMs },
    );
    return exit;
  }

  /** Asks the process to end, and kills it with all that it started after `graceMs` milliseconds or when `now` aborts. */
  async end(graceMs: number, now?: AbortSignal): Promise<Exit> {
    this.signal('SIGTERM');
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), graceMs);
    now?.addEventListener('abort', () => late.resolve(), { once: true });
    if (now?.aborted) late.resolve();
    await Promise.race([this.exited, late.promise]);
    clearTimeout(timer);
    return this.kill();
  }
}
