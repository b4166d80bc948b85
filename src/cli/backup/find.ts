import type { Command } from 'commander';
import { openBackupStore } from '../../app/backup-stores.ts';
import { BucketFailure } from '../../backup/bucket/bucket.ts';
import { type FoundBackup, findNewest } from '../../backup/find-newest.ts';
import { SnapshotFault } from '../../backup/snapshot-fault.ts';
import { readConfig } from '../../config.ts';
import type { SnapshotFacts } from '../../guard/bootstrap/facts.ts';
import type { Context, Environment } from '../context.ts';
import { counted } from '../counted.ts';

/** `hoplite backup find`: what a node without links could be restored from; its guard asks that before it starts LiteFS. */
export function addBackupFind(backup: Command, { env, output }: Context): void {
  backup
    .command('find')
    .description('say which backup a node without links would be restored from')
    .option('--json', 'print it as JSON')
    .action(async ({ json }: { json?: true }) => {
      const facts = await findSnapshot(env);
      if (json) return output.json(facts);
      output.line(describe(facts));
    });
}

/** Never rejects because of the bucket, or what lies in it. */
async function findSnapshot(env: Environment): Promise<SnapshotFacts> {
  const { backup } = readConfig(env);
  if (backup === undefined) return { is: 'none' };
  const name = `in ${backup.url}`;
  try {
    const found = await findNewest(openBackupStore(backup));
    return found === undefined ? { is: 'none', name } : toFacts(found);
  } catch (error) {
    if (error instanceof SnapshotFault) return { is: 'damaged', name, why: error.message };
    if (error instanceof BucketFailure) return { is: 'unreachable', name, why: error.message };
    throw error;
  }
}

function toFacts({ backup: { name, manifest }, passedOver }: FoundBackup): SnapshotFacts {
  const links = manifest.databases.links.counts.links ?? 0;
  const facts = { is: 'there', name: `the backup ${name} (${counted(links, 'link')})` } as const;
  const clusterId = manifest.clusterId ?? undefined;
  if (passedOver.length === 0) return { ...facts, clusterId };
  return {
    ...facts,
    clusterId,
    passedOver: `NOT the newest one: ${passedOver.map(({ why }) => why).join('; ')}`,
  };
}

function describe(facts: SnapshotFacts): string {
  switch (facts.is) {
    case 'there':
      return facts.passedOver === undefined ? facts.name : `${facts.name}. ${facts.passedOver}`;
    case 'none':
      return `no backup ${facts.name ?? 'is kept: BACKUP_URL is not set'}`;
    default:
      // Says where it is, too.
      return 'why' in facts ? facts.why : `${facts.is} ${facts.name}`;
  }
}
