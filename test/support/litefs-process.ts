import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { mountsUnder, unmountAll } from '../../scripts/cluster/mounts.ts';
import { findProgram } from '../../scripts/cluster/programs.ts';

/** How one LiteFS is set up. */
export interface LiteFsProcessOptions {
  /** Its `lease.hostname`. */
  readonly node: string;
  /** A loopback address of its own. */
  readonly address: string;
  readonly candidate: boolean;
  /** A folder of its own, which outlives the process. */
  readonly directory: string;
  readonly consulUrl: string;
}

const readyTimeoutMs = 15_000;
const stopTimeoutMs = 5000;

/** One real LiteFS with nothing under it: a test plays the app on its mount. */
export class LiteFsProcess implements AsyncDisposable {
  readonly node: string;
  readonly mount: string;
  readonly url: string;
  readonly #directory: string;
  #process: ChildProcess | undefined;

  constructor(options: LiteFsProcessOptions) {
    this.node = options.node;
    this.mount = join(options.directory, 'mount');
    this.url = `http://${options.address}:20202`;
    this.#directory = options.directory;
    mkdirSync(this.mount, { recursive: true });
    const config = {
      'exit-on-error': true,
      'skip-sync': true,
      data: { dir: join(options.directory, 'data') },
      fuse: { dir: this.mount },
      http: { addr: `${options.address}:20202` },
      lease: {
        type: 'consul',
        hostname: options.node,
        'advertise-url': this.url,
        candidate: options.candidate,
        promote: false,
        consul: { url: options.consulUrl, key: 'litefs' },
      },
    };
    writeFileSync(join(options.directory, 'litefs.yml'), stringify(config));
  }

  /** The link database on its mount. */
  get database(): string {
    return join(this.mount, 'links.db');
  }

  /** The click database on its mount. */
  get clicksDatabase(): string {
    return join(this.mount, 'clicks.db');
  }

  /** Starts LiteFS, after taking a dead mount of its last run away, and waits until it answers. */
  async start(): Promise<void> {
    await unmountAll(this.mount);
    const log = openSync(join(this.#directory, 'litefs.log'), 'a');
    const config = join(this.#directory, 'litefs.yml');
    const child = spawn(findProgram('litefs'), ['mount', '-config', config], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#process = child;
    const givesUpAtMs = performance.now() + readyTimeoutMs;
    while (!(await this.#isReady())) {
      if (child.exitCode !== null || performance.now() > givesUpAtMs) {
        throw new Error(`LiteFS of ${this.node} is not ready:\n${this.log()}`);
      }
      await delay(25);
    }
  }

  /** What LiteFS printed, over all runs. */
  log(): string {
    return readFileSync(join(this.#directory, 'litefs.log'), 'utf8');
  }

  /** Sends a signal to LiteFS alone. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** The number of the process, for a program that must signal it even when this one cannot. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** `kill -9`. The mount stays behind, dead. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends LiteFS as an operator would. A mount that somebody has files open in stays behind, dead. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Asks LiteFS to take the lease over from the primary. */
  async promote(): Promise<void> {
    const answer = await fetch(`${this.url}/promote`, { method: 'POST' });
    if (!answer.ok) throw new Error(`LiteFS answered ${answer.status} on /promote`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGCONT');
    await this.kill();
    await unmountAll(this.mount);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await exited;
    clearTimeout(late);
  }

  async #isReady(): Promise<boolean> {
    if (!mountsUnder(this.mount).includes(this.mount)) return false;
    const answer = await fetch(`${this.url}/info`).catch(() => undefined);
    return answer?.ok === true;
  }
}
