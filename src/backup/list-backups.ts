import { backupsPrefix, parseBackupName, toBackupName, toNameOfKey } from './backup-name.ts';
import type { BackupStore } from './backup-store.ts';
import type { StoredObject } from './bucket/bucket.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { mapInOrder } from './map-in-order.ts';
import { readSignedDocument } from './signed-document.ts';
import { SnapshotFault } from './snapshot-fault.ts';

/** Manifests that are read at a time. */
const atOnce = 8;

/** A backup as its name tells of it, before anything is read. */
export interface BackupPlace {
  readonly name: string;
  /** The object that its manifest is. */
  readonly key: string;
  /** Both by the clock of the bucket, milliseconds since 1970 UTC. */
  readonly takenAtMs: number;
  readonly storedAtMs: number;
  readonly node: string;
}

/** A backup whose manifest was read: `sound` when it is signed and this release knows its format; otherwise what is wrong. */
export type BackupEntry = BackupPlace &
  (
    | {
        readonly is: 'sound';
        readonly manifest: Manifest;
        /** Of the key that signed it. */
        readonly keyId: string;
      }
    | {
        readonly is: 'damaged' | 'newer' | 'other_key';
        readonly fault: SnapshotFault;
        readonly text: string;
      }
  );

/** One that is sound. */
export type SoundBackup = Extract<BackupEntry, { readonly is: 'sound' }>;

type Reading = Pick<BackupStore, 'bucket' | 'keys' | 'release'>;

/** Where backups lie, the newest first, and what lies between them that is none. Rejects with a `BucketFailure`. */
export async function findBackups(
  { bucket }: Pick<BackupStore, 'bucket'>,
  signal?: AbortSignal,
): Promise<{ readonly places: readonly BackupPlace[]; readonly foreign: readonly string[] }> {
  const objects = await bucket.list(backupsPrefix, signal);
  const places = objects.map(toPlace).filter((place) => place !== undefined);
  const foreign = objects.filter((object) => toPlace(object) === undefined).map(({ key }) => key);
  return { places: places.sort(byAge), foreign };
}

/** The newest first; of one copy that was packed twice, what was packed last. */
export function byAge(
  a: Pick<BackupPlace, 'name' | 'takenAtMs' | 'storedAtMs'>,
  b: Pick<BackupPlace, 'name' | 'takenAtMs' | 'storedAtMs'>,
): number {
  return b.takenAtMs - a.takenAtMs || b.storedAtMs - a.storedAtMs || (a.name < b.name ? 1 : -1);
}

function toPlace({ key, storedAtMs }: StoredObject): BackupPlace | undefined {
  const name = toNameOfKey(key, backupsPrefix);
  const facts = name === undefined ? undefined : parseBackupName(name);
  return name === undefined || facts === undefined
    ? undefined
    : { name, key, storedAtMs, ...facts };
}

/**
 * Reads a manifest. One that is not sound is told as such and not thrown. `undefined` when it is not there any more: it was
 * pruned meanwhile. Rejects with a `BucketFailure`.
 */
export async function readBackup(
  { bucket, keys, release }: Reading,
  place: BackupPlace,
  signal?: AbortSignal,
): Promise<BackupEntry | undefined> {
  const body = await bucket.read(place.key, signal);
  if (body === undefined) return undefined;
  const title = `the backup ${place.name}`;
  try {
    const { content, keyId } = readSignedDocument(body, title, keys);
    const manifest = parseManifest(content, title, release);
    if (toBackupName(manifest) !== place.name || manifest.kind !== 'backup') {
      throw new SnapshotFault('damaged', `${title} is signed as ${toBackupName(manifest)}`);
    }
    return { ...place, is: 'sound', manifest, keyId };
  } catch (fault) {
    if (!(fault instanceof SnapshotFault)) throw fault;
    const text = Buffer.from(body).toString('latin1');
    const is = fault.kind === 'newer' || fault.kind === 'other_key' ? fault.kind : 'damaged';
    return { ...place, is, fault, text };
  }
}

/** Reads the manifests of these backups, in their order; those that are gone by then are left out. */
export async function* readBackups(
  store: Reading,
  places: readonly BackupPlace[],
  signal?: AbortSignal,
): AsyncGenerator<BackupEntry, void, undefined> {
  const read = (place: BackupPlace, stop: AbortSignal) => readBackup(store, place, stop);
  for await (const entry of mapInOrder(places, atOnce, read, signal)) {
    if (entry !== undefined) yield entry;
  }
}

/** The newest backups, sound or not, at most `limit`, newest first. Rejects with a `BucketFailure`. */
export async function listBackups(
  store: Reading,
  { limit, signal }: { readonly limit?: number; readonly signal?: AbortSignal } = {},
): Promise<readonly BackupEntry[]> {
  const { places } = await findBackups(store, signal);
  const entries: BackupEntry[] = [];
  for await (const entry of readBackups(store, places.slice(0, limit), signal)) entries.push(entry);
  return entries;
}
