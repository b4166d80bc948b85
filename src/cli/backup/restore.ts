import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readConfig } from '../../config.ts';
import { countLinks } from '../../storage/database-file.ts';
import { claimForDatabases } from '../claim-for-databases.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { applyRestore } from './apply-restore.ts';
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

/** `--at`: a moment, with its zone, since nobody knows which one is meant otherwise. */
export function atOption(): Option {
  return new Option(
    '--at <time>',
    'the newest of then or before, such as 2026-11-20T10:00:00Z',
  ).argParser((text) => {
    const time = parseMoment(text);
    if (time !== undefined) return time;
    throw new InvalidArgumentError('It is a time with its zone, such as 2026-11-20T10:00:00Z.');
  });
}

/**
 * The last millisecond that a text means: a time without fractions, as lists show them, is all of its second. `undefined` for
 * what is no time, and for a day that its month does not have.
 */
export function parseMoment(text: string): Date | undefined {
  const form = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(?::\d{2}(\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;
  const [, day, fraction] = form.exec(text) ?? [];
  const ms = Date.parse(text);
  if (day === undefined || Number.isNaN(ms)) return undefined;
  // A date that goes past the end of its month is taken for one of the next.
  if (!new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)) return undefined;
  return new Date(fraction === undefined ? ms + 999 : ms);
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
