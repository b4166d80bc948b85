import { partsPrefix, toNameOfKey, verifiedPrefix } from './backup-name.ts';
import type { BackupStore } from './backup-store.ts';
import type { StoredObject } from './bucket/bucket.ts';
import { settledAfterMs } from './lifetimes.ts';
import { findBackups, readBackups, type SoundBackup } from './list-backups.ts';
import { PartCensus } from './part-census.ts';
import { chooseExpired, type RetainedBackup } from './retention.ts';
import { listVerified } from './verified-backups.ts';

/** Removed with one call at a time, so that little is left undone when it breaks off. */
const removedAtOnce = 500;

const partKey = new RegExp(`^${partsPrefix}[0-9a-f]{32,128}-[0-9a-f]{16}$`);

type Pruning = Pick<BackupStore, 'bucket' | 'keys' | 'release'>;

/** What a pruning has done. */
export interface Pruned {
  readonly backups: number;
  readonly parts: number;
  /** Of the parts, as they were stored. */
  readonly bytes: number;
  /** Backups that stay. */
  readonly kept: number;
  /** In sentences, what is no backup or cannot be read. It is never removed, and neither are the parts that it names. */
  readonly strange: readonly string[];
}

/**
 * Removes the backups that are no longer kept (`chooseExpired`), then the parts that no backup needs. A backup goes before its
 * parts, so what is listed can always be restored, also when this breaks off.
 *
 * Hurts neither uploaders nor other pruners that work at the same time: all that is removed was stored a day before this began, by
 * the bucket's clock (`lifetimes.ts`). Rejects with a `BucketFailure`.
 */
export async function pruneBackups(
  store: Pruning,
  signal?: AbortSignal,
  choose: typeof chooseExpired = chooseExpired,
): Promise<Pruned> {
  const { bucket } = store;
  // NOTE: the clock first: what is stored after this is not settled.
  const settledMs = (await findTime(bucket, signal)) - settledAfterMs;
  const verified = await listVerified(store, signal);
  const { places, foreign } = await findBackups(store, signal);
  const census = new PartCensus();
  const sound: RetainedBackup[] = [];
  const strange = foreign.map((key) => `${key} is no backup`);
  let read = 0;
  for await (const entry of readBackups(store, places, signal)) {
    read += 1;
    census.add(entry);
    if (entry.is !== 'sound') strange.push(entry.fault.message);
    else sound.push({ ...entry, isVerified: isVerified(entry, verified) });
  }

  const expired = choose(sound, settledMs);
  const gone = new Set(expired.map(({ name }) => name));
  await removeAll(
    store,
    places.filter(({ name }) => gone.has(name)).map(({ key }) => key),
    signal,
  );
  await removeRecords(store, { places, gone, settledMs }, signal);
  const done = { backups: expired.length, kept: sound.length - expired.length, strange };
  // Somebody else is pruning, and what it took away was not counted.
  if (read < places.length) return { ...done, parts: 0, bytes: 0 };

  const needed = census.without(gone);
  const orphans: StoredObject[] = [];
  for (const part of await bucket.list(partsPrefix, signal)) {
    if (!partKey.test(part.key)) strange.push(`${part.key} is no part of a backup`);
    else if (part.storedAtMs <= settledMs && !needed.has(part.key.slice(partsPrefix.length))) {
      orphans.push(part);
    }
  }
  await removeAll(
    store,
    orphans.map(({ key }) => key),
    signal,
  );
  return { ...done, parts: orphans.length, bytes: orphans.reduce((sum, it) => sum + it.bytes, 0) };
}

/**
 * What time it is at least, by the clock that stamps what is stored. The clock of a folder is that of this machine, which may be
 * days ahead of the one that has the disk: the record of the trial that went before was stored a moment ago.
 */
async function findTime(
  bucket: Pruning['bucket'],
  signal: AbortSignal | undefined,
): Promise<number> {
  const nowMs = await bucket.nowMs(signal);
  const records = await bucket.list(verifiedPrefix, signal);
  const newestMs = Math.max(...records.map(({ storedAtMs }) => storedAtMs));
  return records.length === 0 ? nowMs : Math.min(nowMs, newestMs);
}

function isVerified(
  { name, manifest }: SoundBackup,
  verified: Awaited<ReturnType<typeof listVerified>>,
): boolean {
  return verified.some((record) => record.name === name && record.isOf(manifest));
}

/** Records of backups that are gone. One whose backup is not listed may be of one that came since. */
async function removeRecords(
  { bucket }: Pruning,
  {
    places,
    gone,
    settledMs,
  }: { places: readonly { name: string }[]; gone: ReadonlySet<string>; settledMs: number },
  signal: AbortSignal | undefined,
): Promise<void> {
  const listed = new Set(places.map(({ name }) => name));
  const records = (await bucket.list(verifiedPrefix, signal)).filter(({ key, storedAtMs }) => {
    const name = toNameOfKey(key, verifiedPrefix);
    if (name === undefined) return false;
    return gone.has(name) || (!listed.has(name) && storedAtMs <= settledMs);
  });
  await removeAll(
    { bucket },
    records.map(({ key }) => key),
    signal,
  );
}

async function removeAll(
  { bucket }: Pick<Pruning, 'bucket'>,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let at = 0; at < keys.length; at += removedAtOnce) {
    await bucket.remove(keys.slice(at, at + removedAtOnce), signal);
  }
}
