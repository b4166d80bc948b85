import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from '../../scripts/cluster/programs.ts';
import { until } from '../../scripts/cluster/until.ts';
import { findFreePort } from './free-port.ts';
import type { LoopReading } from './loop-probe.ts';

/** A whole Hoplite, alone, in a process and a folder of its own, that tells how long turns of its event loop take. */
export class ProbedApp implements AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly #dataDir: string;
  readonly #child: ChildProcess;

  private constructor(port: number, dataDir: string, child: ChildProcess) {
    this.url = `http://127.0.0.1:${port}`;
    this.port = port;
    this.#dataDir = dataDir;
    this.#child = child;
  }

  /** Starts it over what `fill` puts into its folder, and waits until it redirects. */
  static async start(fill: (dataDir: string) => void): Promise<ProbedApp> {
    const dataDir = await mkdtemp(join(tmpdir(), 'hoplite-probed-'));
    fill(dataDir);
    const port = await findFreePort();
    const probe = join(import.meta.dirname, 'loop-probe.ts');
    const child = spawn(process.execPath, ['--import', probe, join(projectDir, 'src/main.ts')], {
      env: {
        PATH: process.env.PATH,
        DATA_DIR: dataDir,
        PORT: String(port),
        PRIVATE_PORT: '0',
        LOG_LEVEL: 'error',
        WRITES_PER_MINUTE: '1000000000',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const app = new ProbedApp(port, dataDir, child);
    await until(
      async () => {
        if (child.exitCode !== null) throw new Error('the app ended while it started');
        return (await fetch(`${app.url}/readyz`).catch(() => undefined))?.ok;
      },
      { what: 'the app is ready', timeoutMs: 30_000 },
    );
    return app;
  }

  /** Measures the turns of its event loop while `work` lasts. */
  async measure(work: () => Promise<unknown>): Promise<LoopReading> {
    this.#child.send('start');
    await work();
    const said = once(this.#child, 'message');
    this.#child.send('stop');
    const [reading] = await said;
    return reading as LoopReading;
  }

  /** Stops its event loop for so many units of work. */
  block(units: number): void {
    this.#child.send(units);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}
