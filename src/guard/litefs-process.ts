import type { ChildProcess } from 'node:child_process';
import { complainAboutVersion } from './litefs-version.ts';
import { pause } from './watch.ts';

const { execFile, spawn } = process.getBuiltinModule('node:child_process');
const net = process.getBuiltinModule('node:net');

/** For the requests that the app still has; its disk is gone. */
const appGraceMs = 2_000;
const pollMs = 50;
const versionTimeoutMs = 10_000;
const connectTimeoutMs = 1_000;

/** How LiteFS ended. */
export interface LiteFsExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What keeps LiteFS from being started. The message is a sentence. */
export class LiteFsRefused extends Error {
  override readonly name = 'LiteFsRefused';
}

/**
 * `litefs mount`, in a session of its own, so that whatever it started is in its process group and can be ended when it
 * dies: it leaves the app behind on a dead mount (docs/facts.md, "The app outlives a LiteFS that was killed").
 */
export class LiteFsProcess {
  /** Resolves when LiteFS has ended; the app may run on. */
  readonly exited: Promise<LiteFsExit>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
  }

  /** Checks the version and starts it. `args` follow those of the guard's own. Throws `LiteFsRefused`. */
  static async start(options: {
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string | undefined>>;
  }): Promise<LiteFsProcess> {
    const complaint = complainAboutVersion(await askVersion(options.env));
    if (complaint !== undefined) throw new LiteFsRefused(complaint);
    const child = spawn('litefs', ['mount', '-config', 'litefs.yml', ...options.args], {
      env: options.env,
      detached: true,
      stdio: 'inherit',
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.once('spawn', resolve);
    child.once('error', (error) =>
      reject(new LiteFsRefused(`LiteFS cannot be started: ${error.message}`)),
    );
    await promise;
    return new LiteFsProcess(child);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Passes a signal on to LiteFS alone, which passes it on to the app. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends what LiteFS left behind. Resolves when it is gone, or was told to be. */
  async endLeftovers(): Promise<void> {
    if (!this.#signalGroup('SIGTERM')) return;
    const over = AbortSignal.timeout(appGraceMs);
    while (!over.aborted && this.#signalGroup(0)) await pause(pollMs, over);
    this.#signalGroup('SIGKILL');
  }

  /** Whether the group has a process. */
  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.pid, signal);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Nothing left, or nothing of ours.
      if (code === 'ESRCH' || code === 'EPERM') return false;
      throw error;
    }
  }
}

/**
 * Throws `LiteFsRefused` when something listens where LiteFS will. It is one whose guard was killed: it must not find a
 * Consul again in this guard, which knows nothing of it. Without one it steps down.
 */
export async function expectNoLiteFs(litefsUrl: string): Promise<void> {
  const { hostname, port } = new URL(litefsUrl);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = net.connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  const timer = setTimeout(() => resolve(true), connectTimeoutMs);
  const isTaken = await promise;
  clearTimeout(timer);
  socket.destroy();
  if (!isTaken) return;
  throw new LiteFsRefused(
    `something listens at ${litefsUrl} (LITEFS_URL), where LiteFS is to: a LiteFS of an earlier run, perhaps. End it first.`,
  );
}

function askVersion(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  execFile('litefs', ['version'], { env, timeout: versionTimeoutMs }, (error, stdout) => {
    if (error === null) resolve(stdout);
    else reject(new LiteFsRefused(`LiteFS cannot be asked for its version: ${error.message}`));
  });
  return promise;
}
