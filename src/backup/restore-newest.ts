import { partsPrefix } from './backup-name.ts';
import { chooseBackups } from './choose-backup.ts';
import { type BackupPlace, findBackups, readBackup } from './list-backups.ts';
import type { Manifest } from './manifest.ts';
import { SnapshotFault } from './snapshot-fault.ts';
import { type UnpackedFiles, type Unpacking, unpackSnapshot } from './unpack-snapshot.ts';

/** Sentences of an error list at most so many of the backups that are damaged. */
const mostNamed = 3;

/** A backup that was not used though it is newer than the one that was. */
export interface PassedOver {
  readonly name: string;
  /** A sentence that names it. */
  readonly why: string;
}

/** A backup whose files are there and are what was backed up. */
export interface RestoredBackup {
  readonly name: string;
  readonly manifest: Manifest;
  readonly files: UnpackedFiles;
  /** Newest first. To be told loudly: what came after the backup that was used is lost. */
  readonly passedOver: readonly PassedOver[];
}

/** What a restore may be told. */
export interface RestoreChoice {
  /** Where `links.db` and `clicks.db` are put. */
  readonly folder: string;
  /** The newest of then or before, milliseconds since 1970 UTC. */
  readonly atMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Unpacks the newest backup that verifies. `undefined` only when the bucket holds nothing of backups at all.
 *
 * A damaged one is passed over for the next older one. One of a newer release is not, and neither is one of a key that is not
 * held: what is in them would be lost without need. Rejects with a `SnapshotFault`: `newer`, `other_key`; `damaged` when none
 * verifies, or when there are parts and no backup that they belong to; `other` when there is none of that time. Rejects with a
 * `BucketFailure` when the bucket cannot tell: then nothing is known of any of them. Rejects with `NoRoom` where the disk cannot
 * hold it: an older one is no answer to that.
 */
export async function restoreNewest(
  store: Unpacking,
  { folder, atMs, signal }: RestoreChoice,
): Promise<RestoredBackup | undefined> {
  const { places } = await findBackups(store, signal);
  const oldest = places.at(-1);
  if (oldest === undefined) return expectNothing(store, signal);
  const choices = chooseBackups(places, { atMs });
  if (choices.length === 0) {
    throw new SnapshotFault(
      'other',
      `${store.bucket.name} has no backup of then or before; the oldest one is ${oldest.name}`,
    );
  }
  const passedOver: PassedOver[] = [];
  const lostParts = new Map<string, string>();
  for (const place of choices) {
    try {
      const manifest = await readSound(store, place, { lostParts, signal });
      if (manifest === undefined) continue;
      const files = await unpackSnapshot(store, { name: place.name, manifest }, { folder, signal });
      return { name: place.name, manifest, files, passedOver };
    } catch (fault) {
      if (!(fault instanceof SnapshotFault) || fault.kind !== 'damaged') throw fault;
      if (fault.part !== undefined) lostParts.set(fault.part, fault.message);
      passedOver.push({ name: place.name, why: fault.message });
    }
  }
  throw noneVerifies(store.bucket.name, passedOver);
}

/** `undefined` when it was pruned meanwhile. What needs a part that is known to be damaged is not fetched at all. */
async function readSound(
  store: Unpacking,
  place: BackupPlace,
  {
    lostParts,
    signal,
  }: { lostParts: ReadonlyMap<string, string>; signal: AbortSignal | undefined },
): Promise<Manifest | undefined> {
  const entry = await readBackup(store, place, signal);
  if (entry === undefined) return undefined;
  if (entry.is !== 'sound') throw entry.fault;
  for (const database of Object.values(entry.manifest.databases)) {
    const lost = database?.parts.find(({ name }) => lostParts.has(name));
    if (lost === undefined) continue;
    throw new SnapshotFault(
      'damaged',
      `the backup ${place.name} needs ${partsPrefix}${lost.name} too, which is damaged`,
    );
  }
  return entry.manifest;
}

/** Parts of no backup are those of a first one that was never finished, or all that is left of backups that were lost. */
export async function expectNothing(
  { bucket }: Pick<Unpacking, 'bucket'>,
  signal?: AbortSignal,
): Promise<undefined> {
  const parts = await bucket.list(partsPrefix, signal);
  if (parts.length === 0) return undefined;
  throw new SnapshotFault(
    'damaged',
    `${bucket.name} has ${parts.length} parts of backups and no backup: the first one was never finished, or the manifests are lost. Look for them; where nothing was lost, empty it`,
  );
}

/** No backup of the bucket can be used. */
export function noneVerifies(bucketName: string, passedOver: readonly PassedOver[]): SnapshotFault {
  const named = passedOver.slice(0, mostNamed).map(({ why }) => why);
  const more = passedOver.length > mostNamed ? `; and ${passedOver.length - mostNamed} more` : '';
  return new SnapshotFault(
    'damaged',
    `none of the backups in ${bucketName} can be restored: ${named.join('; ')}${more}`,
  );
}
