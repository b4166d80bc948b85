import { GuardConfigError, readGuardConfig } from './config.ts';
import { runGuard } from './guard.ts';
import { LiteFsRefused } from './litefs-process.ts';
import { createGuardLog } from './log.ts';

const { readFileSync } = process.getBuiltinModule('node:fs');
const { join } = process.getBuiltinModule('node:path');

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Starts LiteFS under guard, with the arguments given, and ends with LiteFS's exit code when that has ended. A guard that
 * cannot start ends with 1. With `--check` it only looks at the environment.
 */
export async function main(env: Env, args: readonly string[]): Promise<never> {
  try {
    const config = readGuardConfig(env);
    if (args[0] === '--check') process.exit(0);
    const region = env.REGION || env.FLY_REGION || 'local';
    const log = createGuardLog({
      ...{ node: config.node, region },
      write: (line) => process.stdout.write(line),
    });
    const code = await runGuard({
      ...{ config, log, region, env, liteFsArgs: args },
      version: readVersion(),
      onSignal: (pass) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => pass(signal));
      },
    });
    process.exit(code);
  } catch (error) {
    process.stderr.write(`${describeStartFailure(error)}\n`);
    process.exit(1);
  }
}

function readVersion(): string {
  const file = join(import.meta.dirname, '../../package.json');
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

function describeStartFailure(error: unknown): string {
  if (error instanceof GuardConfigError) {
    return `The guard cannot start with this environment:\n${error.message.replace(/^/gm, '  ')}`;
  }
  if (error instanceof LiteFsRefused) return `The guard cannot start: ${error.message}`;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `The guard cannot start: ${error.message}. GUARD_ADDR and GUARD_RELAY_ADDR say where it listens.`;
  }
  return `The guard failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
}

if (import.meta.main) await main(process.env, process.argv.slice(2));
