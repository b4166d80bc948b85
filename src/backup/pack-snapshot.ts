import { randomBytes } from 'node:crypto';
import { type DatabaseName, databaseNames } from '../domain/database-name.ts';
import { Failure } from '../domain/failure.ts';
import { partsPrefix, toBackupName, toManifestKey } from './backup-name.ts';
import type { BackupStore } from './backup-store.ts';
import { canCarryOver } from './carry-over.ts';
import { type CopiedFile, toDatabaseManifest } from './copied-file.ts';
import { packingBoundMs } from './lifetimes.ts';
import type { SoundBackup } from './list-backups.ts';
import { backupFormat, type DatabaseManifest, type Manifest } from './manifest.ts';
import { findNewestSince, type PreviousBackups } from './previous-backups.ts';
import { type KnownParts, sendParts } from './send-parts.ts';
import { signDocument } from './signed-document.ts';
import { SnapshotFault } from './snapshot-fault.ts';
import { isBehind } from './take-rule.ts';

/** What is to become a backup. */
export interface Packing {
  /** At least one. A database that is left out is taken over from the backup before, where there is one; see `canCarryOver`. */
  readonly files: Readonly<Partial<Record<DatabaseName, CopiedFile>>>;
  readonly node: string;
  /** LiteFS's id of the fleet; `null` alone. */
  readonly clusterId: string | null;
  readonly previous: PreviousBackups;
  /**
   * Look whether the parts of earlier backups are still there before they are relied on: a listing of the bucket. What is
   * gone is sent again; so give both files.
   */
  readonly lookForParts?: boolean;
  /** Waited for after each part. */
  readonly rest?: () => Promise<void>;
  readonly signal?: AbortSignal;
  /** This machine's clock, milliseconds since 1970 UTC. */
  readonly now?: () => number;
}

/** A backup that is in the bucket now. */
export interface PackedBackup {
  readonly name: string;
  readonly manifest: Manifest;
  readonly sentParts: number;
  /** As they are stored. */
  readonly sentBytes: number;
}

/** Another run has made a backup meanwhile, and that has more. */
export class Overtaken extends Failure {
  readonly by: SoundBackup;

  constructor(by: SoundBackup) {
    super(
      'unavailable',
      `the backup ${by.name} was made meanwhile and has more than this one, which a restore would take for the newer; it is not finished. Make it again`,
    );
    this.by = by;
  }
}

/**
 * Makes a backup: sends the parts that no backup of the last hours has, then the manifest. Times are turned into those of the
 * bucket's clock, so that a machine whose clock is wrong does no harm.
 *
 * Rejects with a `SnapshotFault` of kind `other` where the bucket has backups of another fleet or machine, and when it took
 * so long that parts that it relies on may have been pruned; with `Overtaken`; and with a `BucketFailure`. Nothing is to be
 * seen of a backup that was not finished.
 */
export async function packSnapshot(store: BackupStore, packing: Packing): Promise<PackedBackup> {
  const { bucket, keys } = store;
  const { previous, signal, now = Date.now } = packing;
  expectSameLinks(packing, bucket.name);
  const offsetMs = (await bucket.nowMs(signal)) - now();
  const { databases, sentParts, sentBytes } = await sendDatabases(store, packing, offsetMs);
  const manifest = toManifest(store, packing, databases);
  expectInTime((await bucket.nowMs(signal)) - previous.seenAtMs);
  await expectNotOvertaken(store, packing, manifest);
  const name = toBackupName(manifest);
  await bucket.write(toManifestKey(name), signDocument(manifest, keys), signal);
  return { name, manifest, sentParts, sentBytes };
}

/** What the manifest says of each database. */
type Sent = Partial<Record<DatabaseName, DatabaseManifest>>;

/** Sends what was copied, and takes over what was not. `offsetMs` is how far the bucket's clock is ahead of this one. */
async function sendDatabases(
  store: BackupStore,
  packing: Packing,
  offsetMs: number,
): Promise<Pick<PackedBackup, 'sentParts' | 'sentBytes'> & { readonly databases: Sent }> {
  const { files, previous, rest, signal } = packing;
  const { known, missing } = await collectParts(store, packing);
  const upload = randomBytes(8).toString('hex');
  const databases: Sent = {};
  let sentParts = 0;
  let sentBytes = 0;
  for (const name of databaseNames) {
    const copied = files[name];
    if (copied === undefined) {
      const before = takeOver(name, store, { previous, missing });
      if (before) databases[name] = before;
      continue;
    }
    const sent = await sendParts(store, copied.file, { upload, known, rest, signal });
    databases[name] = toDatabaseManifest(copied, sent, { offsetMs, encrypted: store.encrypt });
    sentParts += sent.sentParts;
    sentBytes += sent.sentBytes;
  }
  return { databases, sentParts, sentBytes };
}

function toManifest(
  { bucket, release }: BackupStore,
  { files, node, clusterId, previous }: Packing,
  sent: Sent,
): Manifest {
  const { links, clicks = null } = sent;
  if (links === undefined) {
    throw new SnapshotFault('other', `${bucket.name} has no links to go with these clicks`);
  }
  const before = previous.sound[0]?.manifest;
  const origin = files.links?.facts.origin ?? before?.origin;
  return {
    kind: 'backup',
    format: backupFormat,
    id: randomBytes(4).toString('hex'),
    takenAt: toTakenAt([links, clicks], previous),
    node,
    release,
    clusterId,
    ...(origin && { origin }),
    epoch: files.links?.facts.epoch ?? before?.epoch ?? 0,
    databases: { links, clicks },
  };
}

function expectInTime(tookMs: number): void {
  if (tookMs <= packingBoundMs) return;
  throw new SnapshotFault(
    'other',
    `the backup took ${Math.round(tookMs / 60_000)} minutes, and what it relies on may be gone by now; it is not finished`,
  );
}

/**
 * When the newest of its databases was copied, and never before the backup that came before it: the newest one is the last that
 * was made, also where the clock of the bucket was wrong for a time, or tells seconds only.
 */
function toTakenAt(
  databases: readonly (DatabaseManifest | null)[],
  { sound: [before] }: PreviousBackups,
): string {
  const copiedMs = databases.map((database) => (database ? Date.parse(database.takenAt) : 0));
  const afterMs = before === undefined ? 0 : before.takenAtMs + 1;
  return new Date(Math.max(...copiedMs, afterMs)).toISOString();
}

/**
 * Two runs may overlap, and the one that copied later may have copied less: at a replica that lags, or a primary that had lost its
 * lease. What was found before the copy is not asked again: the primary may be behind that, after a restore.
 */
async function expectNotOvertaken(
  store: BackupStore,
  { files: { links }, clusterId, previous, signal }: Packing,
  { takenAt }: Manifest,
): Promise<void> {
  // Of a machine alone nothing tells which of two copies has more.
  if (links === undefined || links.position === null) return;
  const newest = await findNewestSince(previous, store, signal);
  if (newest === undefined || newest.manifest.clusterId !== clusterId) return;
  const isNewer = Date.parse(takenAt) >= newest.takenAtMs;
  if (isNewer && isBehind(links, newest.manifest)) throw new Overtaken(newest);
}

/** A cluster may take in links of elsewhere. Alone there is nothing but the links to tell whose they are. */
function expectSameLinks({ clusterId, previous, files }: Packing, bucketName: string): void {
  const newest = previous.sound[0]?.manifest;
  if (newest === undefined) return;
  if (clusterId !== null && newest.clusterId !== null) {
    if (clusterId === newest.clusterId) return;
    throw new SnapshotFault(
      'other',
      `${bucketName} has backups of the cluster ${newest.clusterId}, and this node is of ${clusterId}; give each its own prefix (BACKUP_URL)`,
    );
  }
  const origin = files.links?.facts.origin ?? undefined;
  if (origin === undefined || newest.origin === undefined || origin === newest.origin) return;
  throw new SnapshotFault(
    'other',
    `${bucketName} has backups of other links, the newest by ${newest.node}, and not of those of this node; give each its own prefix (BACKUP_URL)`,
  );
}

/** The parts that are there, by content. */
async function collectParts(
  { bucket, encrypt }: BackupStore,
  { previous, lookForParts = false, signal }: Packing,
): Promise<{ readonly known: KnownParts; readonly missing: ReadonlySet<string> }> {
  const there = lookForParts
    ? new Map((await bucket.list(partsPrefix, signal)).map(({ key, bytes }) => [key, bytes]))
    : undefined;
  const known: KnownParts = new Map();
  const missing = new Set<string>();
  for (const { manifest } of previous.sound) {
    for (const database of Object.values(manifest.databases)) {
      for (const part of database?.parts ?? []) {
        if (there !== undefined && there.get(`${partsPrefix}${part.name}`) !== part.storedBytes) {
          missing.add(part.name);
        } else if (database?.encrypted === encrypt) {
          known.set(toContent(part.name), part);
        }
      }
    }
  }
  return { known, missing };
}

/** A database of the backup before, which becomes one of this. */
function takeOver(
  name: DatabaseName,
  store: BackupStore,
  {
    previous: { sound, seenAtMs },
    missing,
  }: { readonly previous: PreviousBackups; readonly missing: ReadonlySet<string> },
): DatabaseManifest | undefined {
  const [backup] = sound;
  const database = backup?.manifest.databases[name];
  if (backup === undefined || !database) return undefined;
  const bucketName = store.bucket.name;
  if (!canCarryOver(backup, store, seenAtMs)) {
    throw new SnapshotFault(
      'other',
      `the newest backup in ${bucketName} is of an earlier BACKUP_KEY or BACKUP_ENCRYPT, or of a clock that was ahead; copy both databases again`,
    );
  }
  const lost = database.parts.find(({ name }) => missing.has(name));
  if (lost === undefined) return database;
  throw new SnapshotFault(
    'damaged',
    `${bucketName} has lost ${partsPrefix}${lost.name}, which the newest backup needs; copy both databases again`,
  );
}

function toContent(partName: string): string {
  return partName.slice(0, partName.lastIndexOf('-'));
}
