import { PassThrough } from 'node:stream';
import { createOutput } from '../../src/cli/output.ts';
import { runCommandLine } from '../../src/cli/run-command-line.ts';
import type { CommandResult } from './run-hoplite.ts';

/** What a person types at a terminal, at once or when asked. */
export type Typed = string | (() => Promise<string>);

/**
 * Runs `hoplite` inside this process, where a start of Node for each line of a table would take too long. With `typed`
 * a person sits at a terminal and types that; otherwise nobody is there.
 */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  typed?: Typed,
): Promise<CommandResult> {
  const stdout = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
  const stderr = new PassThrough();
  const input = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
  if (typeof typed !== 'function') input.end(typed);
  const exitCode = await runCommandLine(args, {
    env,
    output: createOutput(stdout, stderr),
    giveWay: () => undefined,
    input() {
      if (typeof typed === 'function') void typed().then((line) => input.end(line));
      return input;
    },
  });
  const read = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString() ?? '';
  return { exitCode, stdout: read(stdout), stderr: read(stderr) };
}
