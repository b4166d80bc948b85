import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { readConfig } from '../../config.ts';
import { applyRestore } from '../backup/apply-restore.ts';
import { backUpBefore } from '../backup/back-up-before.ts';
import type { Context } from '../context.ts';
import { copyOut } from './copy-out.ts';
import { openFolderSource } from './folder-source.ts';

interface MoveOptions {
  readonly from?: string;
  readonly to?: string;
  readonly yes?: string;
  readonly anyway?: true;
}

/** `hoplite move`: everything from one machine into a fleet, and back (docs/move.md). */
export function addMove(program: Command, context: Context): void {
  program
    .command('move')
    .description('move all links, keys and counts between one machine and a fleet')
    .addOption(
      new Option(
        '--from <folder>',
        'DATA_DIR of a machine that was ended: into this node or fleet',
      ).conflicts('to'),
    )
    .option('--to <folder>', 'out of this machine or fleet, into what becomes a DATA_DIR')
    .option('--yes <name>', 'do not ask: the name of what --from moves into')
    .option('--anyway', 'with --to: although visitors still come')
    .action(async (options: MoveOptions, command: Command) => {
      const config = readConfig(context.env);
      if (options.to !== undefined) {
        await copyOut(config, context, {
          folder: resolve(options.to),
          anyway: options.anyway === true,
        });
        return;
      }
      if (options.from === undefined) command.error('error: --from or --to is needed');
      const source = await openFolderSource(config, resolve(options.from));
      const backUp = () => backUpBefore(config, context);
      await applyRestore(config, context, { source, yes: options.yes, keepClicks: false, backUp });
    });
}
