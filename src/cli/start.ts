import type { Command } from 'commander';
import type { Context } from './context.ts';

/** `hoplite start`: the same as `node src/main.ts`, exit codes included. */
export function addStart(program: Command, { env }: Context): void {
  program
    .command('start')
    .description('start this node; the environment says how (README, "Environment")')
    .action(async () => {
      // Loads the whole app, which no other command needs.
      const { main } = await import('../main.ts');
      await main(env);
    });
}
