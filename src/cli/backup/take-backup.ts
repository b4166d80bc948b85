import type { BackupStore } from '../../backup/backup-store.ts';
import { copiedAtMs } from '../../backup/bucket-age.ts';
import { canCarryOver } from '../../backup/carry-over.ts';
import type { CopiedFile } from '../../backup/copied-file.ts';
import { byAge, type SoundBackup } from '../../backup/list-backups.ts';
import { Overtaken, type Packing, packSnapshot } from '../../backup/pack-snapshot.ts';
import { findPrevious, type PreviousBackups } from '../../backup/previous-backups.ts';
import { decideTake, isBehind, type NewestBackup } from '../../backup/take-rule.ts';
import type { Config } from '../../config.ts';
import type { BackupConfig } from '../../config-backup.ts';
import { databaseNames } from '../../domain/database-name.ts';
import { Failure } from '../../domain/failure.ts';
import { both, type CopiedDatabases, copyDatabases, sizeOf } from './copy-databases.ts';
import type { NamedBackup } from './look.ts';
import { type NodeCopier, openNodeCopier } from './node-copier.ts';
import { openScratch } from './scratch.ts';

/** What came of it. */
export type TakenBackup =
  | (NamedBackup & { readonly is: 'taken'; readonly sentParts: number; readonly sentBytes: number })
  | (Partial<NamedBackup> & { readonly is: 'unchanged' | 'theirs' });

/**
 * Makes a backup of this node's databases. With `onlyWhenDue` it looks into the bucket first and makes none where another
 * node has just made one, or nothing changed; clicks come only when it is time for them.
 *
 * With `isFresh` nothing that lies in the bucket is relied on: everything is sent again.
 *
 * Rejects with what the bucket, the disk, LiteFS and the files have against it, and where this node is behind what the newest
 * backup has, also one that was made meanwhile; nothing is left behind then.
 */
export async function takeBackup(
  config: Config,
  backup: BackupConfig,
  store: BackupStore,
  {
    onlyWhenDue = false,
    isFresh = false,
    signal,
  }: {
    readonly onlyWhenDue?: boolean;
    readonly isFresh?: boolean;
    readonly signal: AbortSignal;
  },
): Promise<TakenBackup> {
  const found = await findPrevious(store, signal);
  expectOwnKey(found);
  const previous = isFresh ? { ...found, sound: found.sound.map(withoutParts) } : found;
  const node = await openNodeCopier(config);
  const newest = previous.sound[0];
  const decision = onlyWhenDue
    ? await decide(config, backup, { store, previous, node })
    : ({ is: 'take', databases: both } as const);
  if (decision.is !== 'take') return { ...newest, is: decision.is };

  const { databases } = decision;
  await using scratch = await openScratch(config, sizeOf(config, databases));
  const files = await copyDatabases(node, store, { folder: scratch.path, databases, signal });
  expectNotBehind(node, newest, files.links);
  if (onlyWhenDue && holdsAll(store, previous, files)) return { ...newest, is: 'unchanged' };
  const packing: Packing = {
    files,
    node: config.node.id,
    clusterId: node.clusterId,
    previous,
    // With both databases at hand nothing else is needed, so what the bucket has lost is sent again.
    lookForParts: files.clicks !== undefined && !isFresh,
    rest: node.rest,
    signal,
  };
  if (onlyWhenDue) return await packUnlessOvertaken(store, packing);
  return { is: 'taken', ...(await packSnapshot(store, packing)) };
}

/** What another run has made meanwhile will do. */
async function packUnlessOvertaken(store: BackupStore, packing: Packing): Promise<TakenBackup> {
  try {
    return { is: 'taken', ...(await packSnapshot(store, packing)) };
  } catch (error) {
    if (!(error instanceof Overtaken)) throw error;
    return { ...error.by, is: 'theirs' };
  }
}

/** What is newer and of a key that is not held is not to be followed by one that who has that key could not read. */
function expectOwnKey({ sound: [newest], unsound }: PreviousBackups): void {
  const other = unsound.find((entry) => entry.is === 'other_key');
  if (other === undefined || other.is === 'sound') return;
  if (newest === undefined || byAge(other, newest) < 0) throw other.fault;
}

/** What the primary has is what the fleet has, also where a restore of an older backup has set it back. */
function expectNotBehind(
  { isPrimary, clusterId }: NodeCopier,
  newest: SoundBackup | undefined,
  links: CopiedFile,
): void {
  if (isPrimary || newest?.manifest.clusterId !== clusterId) return;
  if (!isBehind(links, newest.manifest)) return;
  throw new Failure(
    'unavailable',
    `this node has less than the newest backup, ${newest.name}, and a restore would take its own for newer; it makes none before it has caught up. The primary does ("hoplite backup now")`,
  );
}

/** Of the same fleet, and without anything to build on. */
function withoutParts(backup: SoundBackup): SoundBackup {
  const { links, clicks } = backup.manifest.databases;
  const databases = {
    links: { ...links, parts: [] },
    clicks: clicks && { ...clicks, parts: [] },
  };
  return { ...backup, manifest: { ...backup.manifest, databases } };
}

async function decide(
  config: Config,
  { intervalMs, clicksIntervalMs }: BackupConfig,
  {
    store,
    previous,
    node,
  }: {
    readonly store: BackupStore;
    readonly previous: PreviousBackups;
    readonly node: NodeCopier;
  },
): Promise<ReturnType<typeof decideTake>> {
  const [newest] = previous.sound;
  return decideTake({
    node: config.node.id,
    nowMs: previous.seenAtMs,
    intervalMs,
    clicksIntervalMs,
    newest: newest && toNewest(store, newest, { nowMs: previous.seenAtMs, ...node }),
    links: await node.copier.readPosition('links'),
    clicks: await node.copier.readPosition('clicks'),
  });
}

function toNewest(
  store: BackupStore,
  newest: SoundBackup,
  { nowMs, clusterId }: { readonly nowMs: number; readonly clusterId: string | null },
): NewestBackup {
  const { manifest } = newest;
  const { links, clicks } = manifest.databases;
  return {
    node: manifest.node,
    isOfCluster: manifest.clusterId === clusterId,
    takenAtMs: copiedAtMs(manifest),
    canCarryOver: canCarryOver(newest, store, nowMs),
    links: links.position,
    clicks:
      clicks === null
        ? undefined
        : { takenAtMs: Date.parse(clicks.takenAt), position: clicks.position },
  };
}

/** Alone there are no positions, so only the content tells that nothing changed. */
function holdsAll(
  store: BackupStore,
  { sound: [newest], seenAtMs }: PreviousBackups,
  files: CopiedDatabases,
): boolean {
  return (
    newest !== undefined &&
    canCarryOver(newest, store, seenAtMs) &&
    databaseNames.every((name) => {
      const copied = files[name];
      const before = newest.manifest.databases[name];
      return copied === undefined || copied.facts.contentHash === before?.contentHash;
    })
  );
}
