import { type Command, Option } from 'commander';
import { openBackupStore } from '../../app/backup-stores.ts';
import type { Manifest } from '../../backup/manifest.ts';
import { pruneBackups } from '../../backup/prune-backups.ts';
import { SnapshotFault } from '../../backup/snapshot-fault.ts';
import { readConfig } from '../../config.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { takeLowestPriority } from '../lowest-priority.ts';
import { Refusal } from '../refusal.ts';
import { expectBackups } from './expect-backups.ts';
import { lookAtBucket } from './look.ts';
import { type GoodReport, runScheduled } from './scheduled.ts';
import { takeBackup } from './take-backup.ts';
import { tellPerson } from './tell-person.ts';
import { verifyBackup, verifyOneFile } from './verify-backup.ts';

interface VerifyOptions {
  readonly json?: true;
  readonly scheduled?: true;
  readonly from?: string;
}

/** `hoplite backup verify`: restores a backup for a trial, and writes down that it is good. */
export function addBackupVerify(backup: Command, context: Context): void {
  backup
    .command('verify')
    .argument('[name]', 'as "hoplite backup list" has it; the newest when left out')
    .description('restore a backup into a scratch folder and check all of it')
    .option('--json', 'print what was found as JSON')
    .option('--from <file>', 'one that "hoplite backup now --to" has made')
    .addOption(new Option('--scheduled', 'and prune; for the node itself').hideHelp())
    .action(async (name: string | undefined, { json, scheduled, from }: VerifyOptions) => {
      takeLowestPriority();
      if (from !== undefined) return verifyFile(context, from, json);
      if (scheduled) return runScheduled(context, (signal) => drill(context, signal));
      const { backup: found, followed } = await tellPerson(() => verify(context, name));
      const { manifest } = found;
      const { links, clicks } = manifest.databases;
      if (json) {
        return context.output.json({ name: found.name, followed, manifest });
      }
      context.output.line(
        `${found.name} is good: ${describeContent(links, clicks)}, ${counted(followed, 'redirect')} followed`,
      );
    });
}

async function verifyFile(
  { env, output }: Context,
  path: string,
  json: true | undefined,
): Promise<void> {
  const config = readConfig(env);
  const { manifest, isSigned, followed } = await tellPerson(() => verifyOneFile(config, path));
  if (json) return output.json({ path, isSigned, followed, manifest });
  const { links, clicks } = manifest.databases;
  output.line(
    `${path} is good: ${describeContent(links, clicks)}, ${counted(followed, 'redirect')} followed`,
  );
  if (!isSigned) output.note('it is not signed by BACKUP_KEY, so it may be of anybody');
}

async function verify({ env }: Context, name: string | undefined) {
  const config = readConfig(env);
  const place = expectBackups(config);
  const { signal } = new AbortController();
  const verified = await verifyBackup(config, openBackupStore(place), { name, signal });
  if (verified !== undefined) return verified;
  throw new Refusal(`${place.url} has no backup yet; "hoplite backup now" makes one`);
}

/** What is no longer kept goes only after something was found good. */
async function drill({ env }: Context, signal: AbortSignal): Promise<GoodReport> {
  const config = readConfig(env);
  const place = expectBackups(config);
  const store = openBackupStore(place);
  const verified = await verifyBackup(config, store, { signal }).catch(async (fault: unknown) => {
    // Later backups would need the same parts. The failure is told all the same.
    const isDamaged = fault instanceof SnapshotFault && fault.kind === 'damaged';
    if (isDamaged) await takeBackup(config, place, store, { isFresh: true, signal });
    throw fault;
  });
  if (verified !== undefined) await pruneBackups(store, signal);
  return {
    outcome: verified === undefined ? 'nothing' : 'verified',
    sentBytes: 0,
    look: await lookAtBucket(store, verified?.backup, signal),
  };
}

function describeContent(
  links: Manifest['databases']['links'],
  clicks: Manifest['databases']['clicks'],
): string {
  const until = clicks === null ? 'no clicks' : `clicks until ${clicks.takenAt}`;
  return `${counted(links.counts.links ?? 0, 'link')}, ${until}`;
}
