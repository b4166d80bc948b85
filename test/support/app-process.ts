import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { until } from '../../scripts/cluster/until.ts';

/** Hoplite in a process of its own, alone, which can be killed and started again over the same folder. */
export class AppProcess implements AsyncDisposable {
  readonly url: string;
  readonly privateUrl: string;
  /** All that it logged, over all starts. */
  log = '';
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;

  constructor(options: {
    readonly dataDir: string;
    readonly port: number;
    readonly privatePort: number;
    readonly env?: Readonly<Record<string, string>>;
  }) {
    this.url = `http://127.0.0.1:${options.port}`;
    this.privateUrl = `http://127.0.0.1:${options.privatePort}`;
    this.#env = {
      DATA_DIR: options.dataDir,
      PORT: String(options.port),
      PRIVATE_PORT: String(options.privatePort),
      WRITES_PER_MINUTE: '1000000',
      ...options.env,
    };
  }

  /** Starts it and waits until it redirects. Rejects when it ends instead. */
  async start({ timeoutMs = 30_000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const child = spawn(process.execPath, [join(projectDir, 'src/main.ts')], {
      env: { PATH: process.env.PATH, ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
      });
    }
    this.#child = child;
    await until(
      async () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`it ended:\n${this.log}`);
        return (await fetch(`${this.url}/healthz`).catch(() => undefined))?.ok;
      },
      { what: 'the app is ready', timeoutMs },
    );
  }

  /** Sends a signal and waits for the end. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}
