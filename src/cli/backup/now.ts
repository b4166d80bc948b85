import { type Command, Option } from 'commander';
import { openBackupStore } from '../../app/backup-stores.ts';
import { readConfig } from '../../config.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { toSize } from '../size.ts';
import { expectBackups } from './expect-backups.ts';
import { lookAtBucket } from './look.ts';
import { backUpToFile } from './now-to-file.ts';
import { type GoodReport, runScheduled } from './scheduled.ts';
import { takeBackup } from './take-backup.ts';
import { tellPerson } from './tell-person.ts';

interface NowOptions {
  readonly json?: true;
  readonly scheduled?: true;
  readonly to?: string;
}

/** `hoplite backup now`: makes one, of this node's copy of the databases, while the node serves. */
export function addBackupNow(backup: Command, context: Context): void {
  backup
    .command('now')
    .description('make a backup, on a node that runs')
    .option('--json', 'print what became of it as JSON')
    .addOption(new Option('--scheduled', 'only when one is due; for the node itself').hideHelp())
    .option('--to <file>', 'as one file, and not to BACKUP_URL')
    .action(async ({ json, scheduled, to }: NowOptions) => {
      if (to !== undefined) return backUpToFile(context, to);
      if (scheduled) return runScheduled(context, (signal) => takeWhenDue(context, signal));
      const { name, manifest, sentParts, sentBytes, place } = await tellPerson(() => take(context));
      if (json) return context.output.json({ name, sentParts, sentBytes, manifest });
      const links = manifest.databases.links.counts.links ?? 0;
      context.output.line(
        `backed up ${counted(links, 'link')} to ${place}: ${name}; ${toSize(sentBytes)} were new there`,
      );
    });
}

async function take({ env }: Context) {
  const config = readConfig(env);
  const place = expectBackups(config);
  const { signal } = new AbortController();
  const store = openBackupStore(place);
  const taken = await takeBackup(config, place, store, { signal });
  if (taken.is !== 'taken') throw new Error('a backup that was asked for was not made');
  return { ...taken, place: place.url };
}

async function takeWhenDue({ env }: Context, signal: AbortSignal): Promise<GoodReport> {
  const config = readConfig(env);
  const place = expectBackups(config);
  const store = openBackupStore(place);
  const taken = await takeBackup(config, place, store, { onlyWhenDue: true, signal });
  const { name, manifest } = taken;
  const newest = name === undefined || manifest === undefined ? undefined : { name, manifest };
  return {
    outcome: taken.is,
    sentBytes: taken.is === 'taken' ? taken.sentBytes : 0,
    look: await lookAtBucket(store, newest, signal),
  };
}
