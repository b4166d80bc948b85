import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { Child, type Exit } from '../../scripts/cluster/child.ts';
import { mountsUnder, unmountAll } from '../../scripts/cluster/mounts.ts';
import { projectDir, searchPath } from '../../scripts/cluster/programs.ts';
import { type Position, parsePosition } from '../../src/domain/position.ts';

/** How a node is set up. */
export interface GuardedNodeOptions {
  readonly node: string;
  /** A loopback address of its own. */
  readonly address: string;
  readonly candidate: boolean;
  /** A folder of its own, which outlives the processes. */
  readonly directory: string;
  readonly consulUrl: string;
  /** The private ports of all nodes. */
  readonly peerUrl: string;
  /** The id of the test's run. */
  readonly run: string;
}

/** What a start differs in. */
export interface StartOptions {
  /** Runs `hoplite migrate up --on-primary` first, as litefs.yml does. */
  readonly hook?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** The real guard and the real LiteFS, with nothing under it: the test plays the app on its mount, and on the private port. */
export class GuardedNode implements AsyncDisposable {
  readonly node: string;
  readonly folders: { readonly mount: string; readonly volume: string; readonly own: string };
  readonly env: Readonly<Record<string, string>>;
  readonly #options: GuardedNodeOptions;
  #child: Child | undefined;
  #app: PlayedApp | undefined;
  #logFrom = 0;

  constructor(options: GuardedNodeOptions) {
    const { node, address, directory } = options;
    this.node = node;
    this.#options = options;
    this.folders = {
      mount: join(directory, 'mount'),
      volume: join(directory, 'volume'),
      own: join(directory, 'own'),
    };
    for (const folder of [directory, ...Object.values(this.folders)])
      mkdirSync(folder, { recursive: true });
    const liteFsUrl = `http://${address}:20202`;
    this.env = {
      PATH: searchPath(),
      NODE_COMPILE_CACHE: join(projectDir, 'node_modules/.cache/node'),
      NODE_ID: node,
      REGION: 'ams',
      LITEFS_DIR: this.folders.mount,
      LITEFS_DATA_DIR: this.folders.volume,
      LITEFS_HTTP_ADDR: `${address}:20202`,
      LITEFS_ADVERTISE_URL: liteFsUrl,
      LITEFS_URL: liteFsUrl,
      LITEFS_CANDIDATE: String(options.candidate),
      CONSUL_URL: options.consulUrl,
      CONSUL_KEY: 'hoplite/bootstrap/1',
      RUN_AS: '',
      GUARD_ADDR: `${address}:8501`,
      GUARD_RELAY_ADDR: `${address}:8502`,
      GUARD_URL: `http://${address}:8501`,
      PRIVATE_HOST: address,
      PRIVATE_PORT: '8081',
      DATA_DIR: this.folders.own,
      FLEET_SECRET: 'a secret of the fleet that is long enough',
      PEER_URL: options.peerUrl,
    };
  }

  /** A database on its mount. */
  database(name = 'links.db'): string {
    return join(this.folders.mount, name);
  }

  /** Starts the guard. Resolves long before LiteFS is there. */
  async start({ hook = false, env = {} }: StartOptions = {}): Promise<void> {
    await this.kill();
    const { directory, run } = this.#options;
    const script = join(directory, 'exec.sh');
    const command = `${process.execPath} ${join(projectDir, 'src/cli/hoplite.ts')} migrate up --on-primary`;
    writeFileSync(script, `${hook ? command : ':'} && exec sleep 1000000\n`);
    const logFile = join(directory, 'guard.log');
    writeFileSync(logFile, '', { flag: 'a' });
    this.#logFrom = readFileSync(logFile).length;
    this.#child = await Child.start({
      command: process.execPath,
      args: ['--max-semi-space-size=1', 'src/guard/main.ts', '--', 'sh', script],
      cwd: projectDir,
      env: { ...this.env, ...env },
      logFile,
      run,
    });
  }

  /** What guard and LiteFS have printed since the last start. */
  log(): string {
    return readFileSync(join(this.#options.directory, 'guard.log'))
      .subarray(this.#logFrom)
      .toString();
  }

  /** How the guard ended; `undefined` while it runs. */
  get exit(): Exit | undefined {
    return this.#child?.exit;
  }

  /** Sends a signal to the guard alone. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.signal(signal);
  }

  /** Plays the app from now on, if LiteFS is there. Throws when it is not. */
  async play(): Promise<void> {
    if (!mountsUnder(this.folders.mount).includes(this.folders.mount)) {
      throw new Error(`${this.node} has no mount:\n${this.log()}`);
    }
    await this.info();
    this.#app ??= await PlayedApp.start(this, this.#options.address);
  }

  /** LiteFS's `/info`. */
  async info(): Promise<{ clusterID?: string; isPrimary: boolean }> {
    const answer = await fetch(`${this.env.LITEFS_URL}/info`);
    return (await answer.json()) as { clusterID?: string; isPrimary: boolean };
  }

  /** What answers on its private port. */
  async status(): Promise<Record<string, unknown>> {
    const answer = await fetch(`http://${this.#options.address}:8081/status`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /** The position of a database; `undefined` without one. */
  position(name = 'links.db'): Position | undefined {
    try {
      return parsePosition(readFileSync(`${this.database(name)}-pos`, 'latin1'));
    } catch {
      return undefined;
    }
  }

  /** The cluster id in its volume. */
  get clusterId(): string | undefined {
    try {
      return readFileSync(join(this.folders.volume, 'clusterid'), 'utf8').trim();
    } catch {
      return undefined;
    }
  }

  /** `kill -9` of the guard and all below it. */
  async kill(): Promise<void> {
    await this.#app?.[Symbol.asyncDispose]();
    this.#app = undefined;
    await this.#child?.kill();
    this.#child = undefined;
    await unmountAll(this.folders.mount);
  }

  /** Loses its volume, and what else it had on its disk. */
  async wipe(): Promise<void> {
    await this.kill();
    for (const folder of [this.folders.volume, this.folders.own]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

const everyMs = 200;
/** Of the links that tests write by themselves. */
export const playedEpoch = 5;

/** The parts of the app that guards look at: `/status` on the private port, and the progress that it tells its guard. */
class PlayedApp implements AsyncDisposable {
  readonly #server: Server;
  readonly #timer: NodeJS.Timeout;

  private constructor(server: Server, timer: NodeJS.Timeout) {
    this.#server = server;
    this.#timer = timer;
  }

  static async start(node: GuardedNode, address: string): Promise<PlayedApp> {
    const server = createServer((_, response) => {
      void describeNode(node).then((status) => response.end(JSON.stringify(status)));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(8081, address, resolve);
    });
    const timer = setInterval(() => void tellProgress(node), everyMs);
    return new PlayedApp(server, timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

async function describeNode(node: GuardedNode): Promise<object> {
  const isPrimary = await node.info().then(
    (info) => info.isPrimary,
    () => false,
  );
  const position = node.position() ?? null;
  const role = isPrimary ? 'primary' : 'detached';
  return { node: node.node, role, position, epoch: position && playedEpoch };
}

async function tellProgress(node: GuardedNode): Promise<void> {
  const position = node.position();
  if (position === undefined) return;
  await fetch(`${node.env.GUARD_URL}/guard/progress`, {
    method: 'PUT',
    body: JSON.stringify({ epoch: playedEpoch, txid: position.txid }),
  }).catch(() => undefined);
}
