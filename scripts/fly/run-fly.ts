import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { FlyFailure } from './fly-failure.ts';
import { toShellWords } from './shell-words.ts';

/** How a call of `fly` is made. */
export interface FlyCall {
  readonly args: readonly string[];
  /** What is written to its stdin: values that must not be seen, such as secrets. */
  readonly input?: string;
  /** Whether its stdout is wanted here instead of on the terminal. */
  readonly isQuestion: boolean;
}

/** How it went. `stdout` is empty unless it was asked for; `stderr` is kept as well as shown. */
export interface FlyOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Makes one call and waits for its end. Rejects only when there is no `fly`. */
export type RunFly = (call: FlyCall) => Promise<FlyOutcome>;

/**
 * Runs the `fly` on `PATH`, and says each command before it does; a question that is asked again and again only once,
 * until something is changed. When `signal` aborts, `fly` gets SIGINT, once, on which it gives back what it holds of machines.
 */
export function createRunFly(given: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
  /** Whether `fly` may ask at the terminal. */
  readonly asksPeople?: boolean;
}): RunFly {
  const { env, print, signal } = given;
  const asked = new Set<string>();
  return async ({ args, input, isQuestion }) => {
    const program = findFly(env.PATH ?? '');
    const line = `$ ${toShellWords(['fly', ...args])}`;
    if (!isQuestion) asked.clear();
    if (!asked.has(line)) print(line);
    if (isQuestion) asked.add(line);
    const child = spawn(program, args, {
      env,
      // Ctrl-C at the terminal goes to every process of its group. Who asks people needs the terminal, and may have it.
      detached: given.asksPeople !== true,
      stdio: [
        input === undefined ? (given.asksPeople === true ? 'inherit' : 'ignore') : 'pipe',
        isQuestion ? 'pipe' : 'inherit',
        'pipe',
      ],
    });
    const interrupt = () => child.kill('SIGINT');
    signal.addEventListener('abort', interrupt);
    if (signal.aborted) interrupt();
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
      if (!isQuestion) process.stderr.write(chunk);
    });
    // A fly that ends early reads no more; its exit code says the rest.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? 130));
    }).finally(() => signal.removeEventListener('abort', interrupt));
    return { exitCode, stdout, stderr };
  };
}

/** Both names are Fly's own. */
function findFly(path: string): string {
  const found = path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => [join(folder, 'fly'), join(folder, 'flyctl')])
    .find(isExecutable);
  if (found !== undefined) return found;
  throw new FlyFailure(
    'There is no fly on the PATH. Install it as https://fly.io/docs/flyctl/install/ says, then run this again.',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
