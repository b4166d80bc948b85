import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { guardNodeOptions } from '../../src/guard/node-options.ts';
import { Child, type Exit } from './child.ts';
import { ClusterFailure } from './cluster-failure.ts';
import { unmountAll } from './mounts.ts';
import { nodePorts } from './network.ts';
import { type Environment, nodeFolders, withoutGuard } from './node-environment.ts';
import { findProgram, projectDir } from './programs.ts';
import type { PlannedNode } from './topology.ts';
import { until } from './until.ts';

/** Longer than the app takes to drain and LiteFS to give the lease back. */
const stopGraceMs = 15_000;
const callTimeoutMs = 2_000;

/** How a node may be run differently from what the repository says; only tests need it. */
export interface NodeVariant {
  /** Runs instead of the `exec` list of litefs.yml. */
  readonly command?: readonly string[];
  /** A copy of the repository to run from. */
  readonly projectDir?: string;
  /** Gives what outweighs the environment that the cluster gives. */
  readonly env?: (given: Environment) => Environment;
  /** `false` starts LiteFS by itself, for tests of what it does without its guard. */
  readonly guard?: boolean;
}

/** One node: the guard, LiteFS, which it starts, the app, which that starts, and their folder, which outlives them. */
export class NodeProcess {
  readonly plan: PlannedNode;
  readonly dir: string;
  readonly url: string;
  readonly privateUrl: string;
  readonly liteFsUrl: string;
  readonly guardUrl: string;
  /** What the guard, LiteFS and the app print, over all starts. */
  readonly logFile: string;
  readonly #run: string;
  readonly #env: () => Environment;
  readonly #within: readonly string[];
  #child: Child | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly plan: PlannedNode;
    readonly dir: string;
    readonly address: string;
    /** The id of the cluster's run. */
    readonly run: string;
    /** Asked at each start, because the fleet grows. */
    readonly env: () => Environment;
    /** The words before its command, which start it elsewhere: in a network namespace, say. */
    readonly within?: readonly string[];
  }) {
    this.plan = options.plan;
    this.dir = options.dir;
    this.url = `http://${options.address}:${nodePorts.public}`;
    this.privateUrl = `http://${options.address}:${nodePorts.private}`;
    this.liteFsUrl = `http://${options.address}:${nodePorts.liteFs}`;
    this.guardUrl = `http://${options.address}:${nodePorts.guard}`;
    this.logFile = join(options.dir, 'node.log');
    this.#run = options.run;
    this.#env = options.env;
    this.#within = options.within ?? [];
  }

  get id(): string {
    return this.plan.id;
  }

  /** Whether its guard runs; without one, its LiteFS. */
  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exit === undefined;
  }

  /** Its first process, which it ends with; `undefined` when it was ended, and before it was started. */
  get process(): { readonly pid: number; readonly exited: Promise<Exit> } | undefined {
    return this.#child;
  }

  /** How it ended by itself; `undefined` while it runs, and when it was ended. */
  get exit(): Exit | undefined {
    return this.#child?.exit;
  }

  /** Starts the guard, which starts LiteFS, which starts the app. Resolves when the process runs, long before the node is ready. */
  start(variant: NodeVariant = {}): Promise<void> {
    return this.#inTurn(async () => {
      if (this.isRunning) throw new ClusterFailure(`${this.id} runs already.`);
      await this.#clear();
      const folders = nodeFolders(this.dir);
      for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
      const isGuarded = variant.guard ?? true;
      const given = isGuarded ? this.#env() : withoutGuard(this.#env());
      const instead = variant.command === undefined ? [] : ['--', ...variant.command];
      this.#child = await Child.start({
        // As scripts/entrypoint.sh does.
        command: isGuarded ? process.execPath : findProgram('litefs'),
        args: isGuarded
          ? [...guardNodeOptions, 'src/guard/main.ts', ...instead]
          : ['mount', '-config', 'litefs.yml', ...instead],
        cwd: variant.projectDir ?? projectDir,
        env: { ...given, ...variant.env?.(given) },
        logFile: this.logFile,
        run: this.#run,
        within: this.#within,
      });
    });
  }

  /** Whether the app says that its schema is the right one and that it can redirect. */
  async isReady(): Promise<boolean> {
    return (await this.#ask('/readyz')) === 200;
  }

  /** Waits for a condition on this node. Throws a `ClusterFailure` when it ends before, or after `timeoutMs`. */
  async waitUntil(
    condition: () => boolean | Promise<boolean>,
    options: { readonly what: string; readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<void> {
    const whileRunning = () => {
      if (this.isRunning) return condition();
      throw new ClusterFailure(
        `${this.id} ended while it started. The last lines of ${this.logFile}:\n${this.lastLogLines()}`,
      );
    };
    await until(whileRunning, { ...options, what: `${options.what} (see ${this.logFile})` });
  }

  /** The end of its log, for people. */
  lastLogLines(): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
  }

  /** Ends it as Fly does, with SIGTERM; at once when `now` aborts, and when its app does not answer. */
  stop(now?: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      // Before that a signal ends nothing (docs/facts.md, "LiteFS hears signals once its app runs").
      if ((await this.#ask('/healthz')) !== undefined) await this.#child?.end(stopGraceMs, now);
      await this.#clear();
    });
  }

  /** Sends a signal as the platform does, and waits for nothing: `exit` tells how it ended. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.signal(signal);
  }

  /** `kill -9` of the guard, LiteFS and the app. */
  kill(): Promise<void> {
    return this.#inTurn(() => this.#clear());
  }

  /** The status of the app's answer; `undefined` when there is none. */
  async #ask(path: string): Promise<number | undefined> {
    try {
      const signal = AbortSignal.timeout(callTimeoutMs);
      const response = await fetch(`${this.url}${path}`, { signal });
      await response.body?.cancel();
      return response.status;
    } catch (error) {
      if (error instanceof TypeError || error instanceof DOMException) return undefined;
      throw error;
    }
  }

  /** LiteFS leaves app and mount behind when it is killed. */
  async #clear(): Promise<void> {
    await this.#child?.kill();
    this.#child = undefined;
    await unmountAll(nodeFolders(this.dir).mount);
  }

  /** Starts and ends one after another, so that none is half done when the next one looks. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
