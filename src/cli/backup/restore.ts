import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { readConfig } from '../../config.ts';
import { countLinks } from '../../storage/database-file.ts';
import { claimForDatabases } from '../claim-for-databases.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { applyRestore } from './apply-restore.ts';
import { atOption } from './at-option.ts';
import { backUpBefore } from './back-up-before.ts';
import { openRestoreSource, type RestoreSource } from './restore-source.ts';

interface RestoreOptions {
  readonly at?: Date;
  readonly from?: string;
  readonly to?: string;
  readonly keepClicks?: true;
  readonly yes?: string;
}

/** `hoplite backup restore`: into the node or fleet that runs, or into a folder (docs/backup.md). */
export function addBackupRestore(backup: Command, context: Context): void {
  backup
    .command('restore')
    .description(
      'restore a backup into the node or fleet that runs, which asks for its name; or into a folder',
    )
    .addOption(atOption())
    .option(
      '--from <file|url>',
      'another folder or bucket of backups than BACKUP_URL, or a snapshot in a file',
    )
    .addOption(
      new Option(
        '--to <folder>',
        'as two plain files, links.db and clicks.db; nothing else changes',
      ).conflicts(['keepClicks', 'yes']),
    )
    .option('--keep-clicks', 'restore the links and keys alone, and leave the counts as they are')
    .option('--yes <name>', 'do not ask: the name of what is restored into')
    .action(async ({ at, from, to, keepClicks, yes }: RestoreOptions) => {
      const config = readConfig(context.env);
      const source = openRestoreSource(context, config, { at, from });
      if (to !== undefined) return restoreTo(resolve(to), source, context);
      await applyRestore(config, context, {
        source,
        yes,
        keepClicks: keepClicks === true,
        backUp: () => backUpBefore(config, context),
      });
    });
}

async function restoreTo(
  folder: string,
  source: RestoreSource,
  { output }: Context,
): Promise<void> {
  using _ = await claimForDatabases(folder);
  const { words } = await source.unpackInto(folder);
  const files = ['links.db', 'clicks.db'].filter((name) => existsSync(join(folder, name)));
  const { links } = countLinks(join(folder, 'links.db'));
  output.line(
    `put ${words}, with ${counted(links, 'link')}, into ${folder}: ${files.join(' and ')}`,
  );
  output.note(
    'in it, keys that were revoked since are valid, and links that were blocked since are not blocked',
  );
}
