import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../cluster/until.ts';
import { type Core, cores, pinned } from './pinned.ts';
import { readUsage, type Usage } from './usage.ts';

const readyTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;
/** How much of what a server prints is kept for the message when it ends too early. */
const tailLength = 2_000;

/** A server of the benchmark: any program that listens on a port, on the servers' core. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #commandLine: readonly string[];
  #printed = '';

  private constructor(port: number, commandLine: readonly string[], child: ChildProcess) {
    this.port = port;
    this.#commandLine = commandLine;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#printed = (this.#printed + text).slice(-tailLength);
      });
    }
    // That it cannot be started, or was ended by the signal, is seen where somebody waits for it.
    child.on('error', (error) => {
      this.#printed += error;
    });
  }

  /** Starts a program that listens on `port` and waits until it answers `readyPath` with a status below 500. */
  static async start(options: {
    readonly port: number;
    readonly commandLine: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly core?: Core;
    readonly readyPath: string;
    readonly signal: AbortSignal;
  }): Promise<ServerProcess> {
    const commandLine = pinned(options.core ?? cores.server, options.commandLine);
    const [command = '', ...args] = commandLine;
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { PATH: process.env.PATH, NODE_ENV: 'production', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: options.signal,
      killSignal: 'SIGKILL',
    });
    const server = new ServerProcess(options.port, commandLine, child);
    try {
      await until(() => server.#isReady(options.readyPath), {
        what: `${commandLine.join(' ')} answers`,
        timeoutMs: readyTimeoutMs,
        signal: options.signal,
      });
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  usage(): Usage {
    return readUsage(this.#child.pid as number);
  }

  /** Ends it in order; at once when that takes too long. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs);
    await ended;
    clearTimeout(late);
  }

  get #hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  async #isReady(path: string): Promise<boolean> {
    if (this.#hasEnded) {
      throw new Error(`${this.#commandLine.join(' ')} ended:\n${this.#printed}`);
    }
    try {
      const answer = await fetch(`${this.origin}${path}`, { redirect: 'manual' });
      await answer.body?.cancel();
      return answer.status < 500;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }
}
