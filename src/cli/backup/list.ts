import { type Command, InvalidArgumentError, Option } from 'commander';
import { openBackupStore } from '../../app/backup-stores.ts';
import type { BackupEntry } from '../../backup/list-backups.ts';
import { findBackups, readBackups } from '../../backup/list-backups.ts';
import { expectNothing } from '../../backup/restore-newest.ts';
import { listVerified, type VerifiedBackup } from '../../backup/verified-backups.ts';
import { readConfig } from '../../config.ts';
import type { Context } from '../context.ts';
import { counted } from '../counted.ts';
import { toSize } from '../size.ts';
import { alignRows } from '../table.ts';
import { toSecond } from '../time.ts';
import { expectBackups } from './expect-backups.ts';
import { sizesOf } from './look.ts';
import { tellPerson } from './tell-person.ts';

interface ListOptions {
  readonly limit?: number;
  readonly all?: true;
  readonly json?: true;
}

/** A backup as it is listed; of one that cannot be read only what its name says, and why. */
interface ListedBackup {
  readonly name: string;
  readonly is: BackupEntry['is'];
  readonly takenAt: string;
  readonly node: string;
  readonly links: number | null;
  readonly epoch: number | null;
  readonly clicksTakenAt: string | null;
  readonly bytes: number | null;
  readonly storedBytes: number | null;
  readonly encrypted: boolean | null;
  readonly release: string | null;
  readonly clusterId: string | null;
  /** When a trial found it good. */
  readonly verifiedAt: string | null;
  readonly fault: string | null;
}

const defaultLimit = 20;

/** `hoplite backup list`: what there is to restore, the newest first. */
export function addBackupList(backup: Command, context: Context): void {
  backup
    .command('list')
    .description('list the backups, the newest first')
    .addOption(
      new Option('--limit <number>', `so many; ${defaultLimit} when left out`).argParser(
        parseLimit,
      ),
    )
    .addOption(new Option('--all', 'all there are').conflicts('limit'))
    .option('--json', 'print them as JSON')
    .action(async ({ limit = defaultLimit, all, json }: ListOptions) => {
      const most = all ? Number.POSITIVE_INFINITY : limit;
      const { backups, total, place } = await tellPerson(() => list(context, most));
      const { output } = context;
      if (json) return output.json({ backups, total });
      if (backups.length === 0) return output.note(`${place} has no backups.`);
      const header = ['taken', 'node', 'links', 'size', 'stored', 'tried', 'name'];
      for (const line of alignRows([header, ...backups.map(toRow)])) output.line(line);
      if (total > backups.length)
        output.note(`${counted(total - backups.length, 'older one')}; --all`);
      for (const { fault } of backups) if (fault !== null) output.note(fault);
    });
}

function parseLimit(text: string): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit > 0) return limit;
  throw new InvalidArgumentError('It must be a whole number, at least 1.');
}

async function list({ env }: Context, most: number) {
  const place = expectBackups(readConfig(env));
  const store = openBackupStore(place);
  const { places } = await findBackups(store);
  if (places.length === 0) await expectNothing(store);
  const verified = new Map((await listVerified(store)).map((record) => [record.name, record]));
  const backups: ListedBackup[] = [];
  for await (const entry of readBackups(store, places.slice(0, most))) {
    backups.push(toListed(entry, verified.get(entry.name)));
  }
  return { backups, total: places.length, place: place.url };
}

function toListed(entry: BackupEntry, record: VerifiedBackup | undefined): ListedBackup {
  const { name, node } = entry;
  const takenAt = new Date(entry.takenAtMs).toISOString();
  if (entry.is !== 'sound') {
    return { name, is: entry.is, takenAt, node, ...nothingKnown, fault: entry.fault.message };
  }
  const { databases, epoch, release, clusterId } = entry.manifest;
  const { links, clicks } = databases;
  const isVerified = record?.isOf(entry.manifest) === true;
  return {
    name,
    is: entry.is,
    takenAt,
    node: entry.manifest.node,
    links: links.counts.links ?? 0,
    epoch,
    clicksTakenAt: clicks?.takenAt ?? null,
    ...sizesOf(entry.manifest),
    encrypted: links.encrypted,
    release,
    clusterId,
    verifiedAt: isVerified ? new Date(record.verifiedAtMs).toISOString() : null,
    fault: null,
  };
}

const nothingKnown = {
  links: null,
  epoch: null,
  clicksTakenAt: null,
  bytes: null,
  storedBytes: null,
  encrypted: null,
  release: null,
  clusterId: null,
  verifiedAt: null,
} as const;

/** In place of when it was tried. */
const unusable: Readonly<Record<BackupEntry['is'], string>> = {
  sound: '',
  damaged: 'damaged',
  newer: 'newer release',
  other_key: 'other key',
};

function toRow(backup: ListedBackup): string[] {
  const { is, takenAt, node, links, bytes, storedBytes, verifiedAt, name } = backup;
  const tried = verifiedAt === null ? unusable[is] : toSecond(verifiedAt);
  return [
    toSecond(takenAt),
    node,
    links === null ? '' : `${links}`,
    bytes === null ? '' : toSize(bytes),
    storedBytes === null ? '' : toSize(storedBytes),
    tried,
    name,
  ];
}
