import { execFile } from 'node:child_process';
import { ClusterFailure } from '../../cluster/cluster-failure.ts';

/** No tool that is run here takes longer, on a busy machine either. */
const timeoutMs = 10_000;

/**
 * Runs a program of the system to its end, with `input` to read, and gives what it printed. Throws a `ClusterFailure` that
 * says what it said.
 */
export function runTool(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else {
        const said = stderr.trim() || error.message;
        reject(new ClusterFailure(`${command} ${args.join(' ')}: ${said}`, { cause: error }));
      }
    });
    // Most of them read nothing and may have ended by now.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
