import { PassThrough } from 'node:stream';
import { createOutput } from '../../src/cli/output.ts';
import { runCommandLine } from '../../src/cli/run-command-line.ts';
import type { CommandResult } from './run-hoplite.ts';

/**
 * Runs `hoplite` inside this process, where a start of Node for each line of a table would take too long. With `typed`
 * a person sits at a terminal and types that; otherwise nobody is there.
 */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  typed?: string,
): Promise<CommandResult> {
  const stdout = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
  const stderr = new PassThrough();
  const input = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
  input.end(typed);
  const exitCode = await runCommandLine(args, {
    env,
    output: createOutput(stdout, stderr),
    giveWay: () => undefined,
    input: () => input,
  });
  const read = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString() ?? '';
  return { exitCode, stdout: read(stdout), stderr: read(stderr) };
}
