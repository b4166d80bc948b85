import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { runVariable } from '../../scripts/cluster/child.ts';
import { readRun } from '../../scripts/cluster/folder.ts';
import { mountsUnder } from '../../scripts/cluster/mounts.ts';
import { findProcessesWith } from '../../scripts/cluster/process-identity.ts';
import { projectDir } from '../../scripts/cluster/programs.ts';

/** What `--json` prints. */
export interface Announcement {
  readonly edges: Readonly<Record<'ams' | 'iad' | 'syd', string>>;
  readonly nodes: readonly {
    readonly id: string;
    readonly region: string;
    readonly candidate: boolean;
    readonly url: string;
    readonly privateUrl: string;
    readonly litefsUrl: string;
  }[];
  readonly adminKey: string;
}

/** The command `npm run cluster` in a process of its own, over a folder of its own. */
export class ClusterCommand implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'hoplite-cluster-'));
  readonly #processes = new Set<ChildProcess>();

  /** Runs the command to its end. */
  async run(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
    const child = this.start(args);
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await exitOf(child), out, err };
  }

  /** Starts the command. */
  start(args: readonly string[]) {
    return this.#spawn(process.execPath, ['scripts/cluster/main.ts', ...args, '--dir', this.dir]);
  }

  /** Starts the command as people do. */
  startWithNpm(args: readonly string[]) {
    return this.#spawn('npm', ['run', '--silent', 'cluster', '--', ...args, '--dir', this.dir]);
  }

  /** Processes and mounts of the present or last run. */
  left(): { readonly processes: number; readonly mounts: readonly string[] } {
    const run = readRun(this.dir);
    return {
      processes: run === undefined ? 0 : findProcessesWith(runVariable, run.id).length,
      mounts: mountsUnder(this.dir),
    };
  }

  #spawn(file: string, args: readonly string[]) {
    const child = spawn(file, args, { cwd: projectDir, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#processes.add(child);
    child.once('exit', () => this.#processes.delete(child));
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) {
      child.kill('SIGTERM');
      await exitOf(child);
    }
    if (this.left().mounts.length === 0) rmSync(this.dir, { recursive: true });
  }
}

/** Resolves to the exit code of a process; `null` when a signal ended it. */
export async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('exit', resolve);
  return promise;
}

/** The first line that a process prints. Rejects when it ends without one. */
export async function firstLine(child: ReturnType<ClusterCommand['start']>): Promise<string> {
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`the command ended without a line: ${await text(child.stderr)}`);
}
