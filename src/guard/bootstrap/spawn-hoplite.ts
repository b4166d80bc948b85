const { spawn } = process.getBuiltinModule('node:child_process');
const { join } = process.getBuiltinModule('node:path');

/** The file of the command line, which the guard starts and never imports: it would cost it its small memory. */
const hoplite = join(import.meta.dirname, '../../cli/hoplite.ts');
/** An answer is short; what is longer is none. */
const maxBytes = 64 * 1024;

/** How a command ended. */
export interface CommandEnd {
  /** `null` after a signal. */
  readonly code: number | null;
  /** What it printed on stdout, where that was kept. */
  readonly stdout: string;
}

/**
 * Runs the command line with the environment of the guard. What it says on stderr goes into the log of the node, and so does
 * stdout unless it is `kept`. When `signal` aborts it is told to end; that is waited for. Rejects when it cannot be started.
 */
export function spawnHoplite(
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
    readonly stdout: 'kept' | 'passed on';
  },
): Promise<CommandEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandEnd>();
  const isKept = options.stdout === 'kept';
  const child = spawn(process.execPath, [hoplite, ...args], {
    env: options.env,
    stdio: ['ignore', isKept ? 'pipe' : 'inherit', 'inherit'],
  });
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < maxBytes) stdout += text;
  });
  const end = () => child.kill('SIGTERM');
  options.signal.addEventListener('abort', end, { once: true });
  child.once('error', reject).once('close', (code) => {
    options.signal.removeEventListener('abort', end);
    resolve({ code, stdout });
  });
  if (options.signal.aborted) end();
  return promise;
}
