import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { root } from './deployment.ts';

/** How a set-up ended. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A folder with the set-up program and what it reads, on a machine of its own making: `PATH` leads to
 * nothing but Node, a few tools of every system, and the programs that a test puts there.
 */
export class ScratchClone implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'hoplite-setup-'));
  readonly #programs = join(this.folder, 'programs');
  readonly #running = new Set<number>();

  constructor() {
    for (const path of [
      'scripts/setup.js',
      'scripts/setup',
      'tools/litefs',
      'tools/consul',
      'tools/actionlint',
      'tools/versitygw',
      'package.json',
      'package-lock.json',
    ]) {
      cpSync(join(root, path), join(this.folder, path), { recursive: true });
    }
    mkdirSync(this.#programs);
    for (const program of ['sh', 'cat', 'chmod', 'cp', 'mkdir', 'unzip']) {
      const path = [`/usr/bin/${program}`, `/bin/${program}`].find(existsSync);
      if (path !== undefined) symlinkSync(path, join(this.#programs, program));
    }
  }

  /** Puts a shell script on `PATH`; `$HERE` is the clone's folder. */
  addProgram(name: string, script: string): void {
    const path = join(this.#programs, name);
    writeFileSync(path, `#!/bin/sh\nHERE='${this.folder}'\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** As if `npm ci` had run: the step for packages finds its stamp and a Node. */
  havePackages(): void {
    const hash = createHash('sha256').update(this.read('package-lock.json') ?? '');
    this.write('node_modules/.hoplite-setup', hash.digest('hex'));
    this.write('node_modules/.bin/node', '');
  }

  /** The text of a file of the clone, or `undefined`. */
  read(path: string): string | undefined {
    const file = join(this.folder, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
  }

  /** Starts the set-up. The environment holds `PATH`, `HOME` and what is given. */
  start(flags: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn(process.execPath, [join(this.folder, 'scripts/setup.js'), ...flags], {
      env: { PATH: this.#programs, HOME: this.folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, so that what it starts can be ended with it.
      detached: true,
    });
    const { pid } = child;
    if (pid !== undefined) {
      this.#running.add(pid);
      child.on('close', () => this.#running.delete(pid));
    }
    return child;
  }

  /** Runs the set-up to its end. */
  run(flags: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    return collectOutcome(this.start(flags, env));
  }

  /** Ends what a failed test has left running, and removes the folder. */
  [Symbol.dispose](): void {
    for (const pid of this.#running) process.kill(-pid, 'SIGKILL');
    rmSync(this.folder, { recursive: true });
  }
}

/** Opens a scratch clone that is removed at the end of the running test, also when it times out. */
export function openScratchClone(): ScratchClone {
  const clone = new ScratchClone();
  onTestFinished(() => clone[Symbol.dispose]());
  return clone;
}

/** Waits for the end of a process and gives what it printed. */
export function collectOutcome(child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve) => {
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
