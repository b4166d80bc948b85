import { spawn } from 'node:child_process';
import { toShellWords } from '../fly/shell-words.ts';
import { DeployFailure } from './deploy-failure.ts';

/** Runs a program to its end. Gives its stdout when `isQuestion`, else shows it. Rejects when it ends with anything but 0. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  options: { readonly isQuestion: boolean },
) => Promise<string>;

/**
 * Builds the image once, for the processor of Fly's machines, pushes it to Fly's registry and gives its name by digest.
 *
 * The attestations that buildx would add make the name that of a list of images; Fly runs the image itself. The digest is
 * asked of the registry, since not every driver of buildx tells the one that was pushed.
 */
export async function buildImage(
  { app, tag }: { readonly app: string; readonly tag: string },
  tools: { readonly logInDocker: () => Promise<void>; readonly run: RunProgram },
): Promise<string> {
  const repository = `registry.fly.io/${app}`;
  const name = `${repository}:${tag}`;
  await tools.logInDocker();
  const build = ['buildx', 'build', '--platform', 'linux/amd64', '--provenance=false'];
  await tools.run('docker', [...build, '--tag', name, '--push', '.'], { isQuestion: false });
  const inspect = ['buildx', 'imagetools', 'inspect', name, '--format', '{{json .Manifest}}'];
  const said = await tools.run('docker', inspect, { isQuestion: true });
  const digest = /"digest":\s*"(sha256:[0-9a-f]{64})"/.exec(said)?.[1];
  if (digest === undefined) {
    throw new DeployFailure(
      `Docker does not say the digest of ${name}: ${said.trim().slice(0, 300)}`,
    );
  }
  return `${repository}@${digest}`;
}

/** Runs programs here, and says each command before it does. */
export function createRunProgram(given: {
  readonly print: (line: string) => void;
  readonly cwd: string;
  readonly signal: AbortSignal;
}): RunProgram {
  return (program, args, { isQuestion }) => {
    given.print(`$ ${toShellWords([program, ...args])}`);
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: given.cwd,
        signal: given.signal,
        stdio: ['ignore', isQuestion ? 'pipe' : 'inherit', 'inherit'],
      });
      let stdout = '';
      child.stdout?.on('data', (chunk) => {
        stdout += chunk;
      });
      child.on('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'ENOENT' ? 'it is not installed' : error.message;
        reject(new DeployFailure(`${program} could not be started: ${why}.`, { cause: error }));
      });
      child.on('close', (code) => {
        if (code === 0) resolve(stdout);
        else reject(new DeployFailure(`${toShellWords([program, ...args])} ended with ${code}.`));
      });
    });
  };
}
