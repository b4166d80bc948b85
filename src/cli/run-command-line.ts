import { Command, CommanderError } from 'commander';
import { readRelease } from '../app/release.ts';
import { addBackup } from './backup/backup.ts';
import type { CommandLineProcess, Context } from './context.ts';
import { describeError } from './describe-error.ts';
import { addDoctor } from './doctor/doctor.ts';
import { addHandoff } from './handoff.ts';
import { addKey } from './key/key.ts';
import { addLink } from './link/link.ts';
import { addMigrate } from './migrate/migrate.ts';
import { addMove } from './move/move.ts';
import { addExport } from './portable/export.ts';
import { addImport } from './portable/import.ts';
import { addRebuild } from './rebuild/rebuild.ts';
import { Refusal } from './refusal.ts';
import { addServe } from './serve.ts';
import { addStart } from './start.ts';
import { addStatus } from './status.ts';

/** Exit codes: what was asked for is done; it was refused or failed; it was not understood. A few refusals have their own. */
const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** Runs the command that the arguments name and gives its exit code. Never rejects. */
export async function runCommandLine(
  args: readonly string[],
  given: CommandLineProcess,
): Promise<number> {
  let exitCode: number = exitCodes.done;
  const context: Context = {
    ...given,
    fail() {
      exitCode = exitCodes.failed;
    },
  };
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help and version end here too, with an exit code of 0; commander has said everything.
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    }
    context.output.note(describeError(error));
    return error instanceof Refusal ? error.exitCode : exitCodes.failed;
  }
}

/** Subcommands inherit what is set before they are added. */
function createProgram(context: Context): Command {
  const { output } = context;
  const program = new Command('hoplite')
    .description('A link shortener that redirects from the node nearest to each visitor.')
    .exitOverride()
    .configureOutput({ writeOut: output.write, writeErr: output.writeError })
    .showHelpAfterError('(add --help for what it takes)')
    .version(readRelease());
  addStart(program, context);
  addServe(program, context);
  addLink(program, context);
  addKey(program, context);
  addExport(program, context);
  addImport(program, context);
  addMigrate(program, context);
  addBackup(program, context);
  addHandoff(program, context);
  addRebuild(program, context);
  addStatus(program, context);
  addMove(program, context);
  addDoctor(program, context);
  return program;
}
