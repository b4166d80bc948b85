import type { Command } from 'commander';
import { toWriterOptions } from '../app/write-path.ts';
import { type Config, readConfig } from '../config.ts';
import { prepareRestore } from '../storage/prepare-restore.ts';
import { aloneIn } from './alone-in.ts';
import { atOption } from './backup/at-option.ts';
import { openRestoreSource, type Unpacked } from './backup/restore-source.ts';
import type { Context } from './context.ts';
import { Refusal } from './refusal.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

interface ServeOptions {
  readonly fromSnapshot: string;
  readonly at?: Date;
}

/**
 * `hoplite serve`: shows a backup, without LiteFS, Consul or another node. The files lie in a folder of the system's for
 * temporary ones, which goes with the process: `DATA_DIR` is not touched.
 */
export function addServe(program: Command, context: Context): void {
  program
    .command('serve')
    .description('serve a signed backup, which can only be read: redirects and pages, no clicks')
    .requiredOption(
      '--from-snapshot <file|url>',
      'a snapshot in a file, or a folder or bucket of backups',
    )
    .addOption(atOption())
    .action(async ({ fromSnapshot, at }: ServeOptions) => {
      const config = readConfig(context.env);
      if (config.backupKeys.length === 0) {
        throw new Refusal(
          'BACKUP_KEY is not set, so nobody can tell whether the backup is what was backed up; nothing is served',
        );
      }
      const source = openRestoreSource(context, config, {
        at,
        from: fromSnapshot,
        mustBeSigned: true,
      });
      await using folder = makeTemporaryFolder('hoplite-serve');
      const unpacked = await source.unpackInto(folder.path);
      const served = aloneIn(folder.path, config, 'delete');
      prepareRestore(toWriterOptions(served, { ownHosts: [], allowPrivate: false }), 0);
      await serve(served, unpacked, folder);
    });
}

/** Serves until a signal comes, and ends the process. */
async function serve(config: Config, { words, takenAt }: Unpacked, folder: TemporaryFolder) {
  // Loads the whole app, which few commands need.
  const [{ startApp }, { runUntilAsked }] = await Promise.all([
    import('../app.ts'),
    import('../main.ts'),
  ]);
  await runUntilAsked(async () => {
    const app = await startApp(config, { takenAt }).catch(async (error: unknown) => {
      await folder[Symbol.asyncDispose]();
      throw error;
    });
    folder.leaveSignals();
    return {
      app,
      greeting: `\nHoplite serves ${words} on ${app.url}. It can only be read, and clicks are not counted.\n\n`,
      async [Symbol.asyncDispose]() {
        await app[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  });
}
