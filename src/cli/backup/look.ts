import type { BucketLook } from '../../backup/backup-report.ts';
import type { BackupStore } from '../../backup/backup-store.ts';
import { copiedAtMs, toAgeMs } from '../../backup/bucket-age.ts';
import { findBackups, readBackup } from '../../backup/list-backups.ts';
import type { Manifest } from '../../backup/manifest.ts';
import { listVerified } from '../../backup/verified-backups.ts';

/** A backup that is known to be in the bucket. */
export interface NamedBackup {
  readonly name: string;
  readonly manifest: Manifest;
}

/** What a run says of the bucket. `newest` is the newest backup that it knows, one that it has just made or one that it found. */
export async function lookAtBucket(
  store: BackupStore,
  newest: NamedBackup | undefined,
  signal: AbortSignal,
): Promise<BucketLook> {
  const nowMs = await store.bucket.nowMs(signal);
  const toAge = (timeMs: number) => toAgeMs(nowMs, timeMs) ?? null;
  const toClicksAge = ({ databases: { clicks } }: Manifest) =>
    clicks === null ? null : toAge(Date.parse(clicks.takenAt));
  const verified = await findVerified(store, signal);
  const verifiedAgeMs = verified && toAge(verified.verifiedAtMs);
  return {
    newest: newest === undefined ? null : describeNewest(newest, toAge, toClicksAge),
    verified:
      verified === null || verifiedAgeMs === null
        ? null
        : {
            name: verified.name,
            ageMs: verifiedAgeMs,
            clicksAgeMs: toClicksAge(verified.manifest),
          },
  };
}

function describeNewest(
  { name, manifest }: NamedBackup,
  toAge: (timeMs: number) => number | null,
  toClicksAge: (manifest: Manifest) => number | null,
): BucketLook['newest'] {
  return {
    name,
    node: manifest.node,
    ageMs: toAge(copiedAtMs(manifest)),
    ...sizesOf(manifest),
    clicksAgeMs: toClicksAge(manifest),
  };
}

/** How large the databases of a backup are, as files and as they are stored. */
export function sizesOf({ databases }: Manifest): {
  readonly bytes: number;
  readonly storedBytes: number;
} {
  const all = [databases.links, ...(databases.clicks === null ? [] : [databases.clicks])];
  const parts = all.flatMap((database) => database.parts);
  return {
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    storedBytes: [...new Map(parts.map((part) => [part.name, part])).values()].reduce(
      (sum, part) => sum + part.storedBytes,
      0,
    ),
  };
}

/** The newest backup that a trial has found good, if it is still there and still the same. */
async function findVerified(
  store: BackupStore,
  signal: AbortSignal,
): Promise<(NamedBackup & { readonly verifiedAtMs: number }) | null> {
  const [record] = await listVerified(store, signal, 1);
  if (record === undefined) return null;
  const { places } = await findBackups(store, signal);
  const place = places.find(({ name }) => name === record.name);
  const entry = place && (await readBackup(store, place, signal));
  if (entry?.is !== 'sound' || !record.isOf(entry.manifest)) return null;
  return { name: entry.name, manifest: entry.manifest, verifiedAtMs: record.verifiedAtMs };
}
