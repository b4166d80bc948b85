import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { RunningApp } from './running-app.ts';

/** The command as it is in this tree. */
export const hopliteFile = fileURLToPath(new URL('../../src/cli/hoplite.ts', import.meta.url));

/** How a run of the command went. */
export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `hoplite` as a process of its own, with nothing in its environment but `env`, and nobody at its stdin. */
export async function runHoplite(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  file = hopliteFile,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [file, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** The environment in which the command finds a running app. */
export function environmentOf({ app, baseUrl, dataDir }: RunningApp): Record<string, string> {
  return {
    DATA_DIR: dataDir,
    PORT: new URL(app.url).port,
    PRIVATE_PORT: new URL(app.privateUrl).port,
    BASE_URL: baseUrl,
  };
}
