import { hash } from 'node:crypto';
import { z } from 'zod';
import { toNameOfKey, verifiedPrefix } from './backup-name.ts';
import type { BackupStore } from './backup-store.ts';
import { toCanonicalJson } from './canonical-json.ts';
import type { Manifest } from './manifest.ts';
import { mapInOrder } from './map-in-order.ts';
import { readSignedDocument, signDocument } from './signed-document.ts';
import { SnapshotFault } from './snapshot-fault.ts';

const atOnce = 8;

const record = z.object({
  kind: z.literal('verified'),
  format: z.literal(1),
  /** Name of the backup. */
  backup: z.string(),
  /** SHA-256 of the canonical text of its manifest. */
  manifest: z.string(),
  /** By the clock of the bucket. */
  verifiedAt: z.iso.datetime({ precision: 3 }),
  node: z.string(),
});

/** That a backup was restored for a trial, and was what had been backed up. */
export interface VerifiedBackup {
  readonly name: string;
  /** By the clock of the bucket, milliseconds since 1970 UTC. */
  readonly verifiedAtMs: number;
  /** Who did it. */
  readonly node: string;
  /** Whether it was this manifest. */
  isOf(manifest: Manifest): boolean;
}

/** Writes down that a backup was unpacked and found whole. Rejects with a `BucketFailure`. */
export async function recordVerified(
  { bucket, keys }: Pick<BackupStore, 'bucket' | 'keys'>,
  { name, manifest }: { readonly name: string; readonly manifest: Manifest },
  { node, signal }: { readonly node: string; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const content: z.output<typeof record> = {
    kind: 'verified',
    format: 1,
    backup: name,
    manifest: toDigest(manifest),
    verifiedAt: new Date(await bucket.nowMs(signal)).toISOString(),
    node,
  };
  await bucket.write(`${verifiedPrefix}${name}.json`, signDocument(content, keys), signal);
}

/**
 * The backups that are known to be whole, newest first, and no more than `limit` records are read for it. Records that are
 * damaged, or of another key, count for nothing. Rejects with a `BucketFailure`.
 */
export async function listVerified(
  { bucket, keys }: Pick<BackupStore, 'bucket' | 'keys'>,
  signal?: AbortSignal,
  limit?: number,
): Promise<readonly VerifiedBackup[]> {
  const objects = await bucket.list(verifiedPrefix, signal);
  const names = objects.map(({ key }) => toNameOfKey(key, verifiedPrefix));
  const records: VerifiedBackup[] = [];
  const read = async (name: string, stop: AbortSignal) => {
    const body = await bucket.read(`${verifiedPrefix}${name}.json`, stop);
    return body && toVerified(name, body, keys);
  };
  const known = names
    .filter((name) => name !== undefined)
    .toReversed()
    .slice(0, limit);
  for await (const found of mapInOrder(known, atOnce, read, signal)) {
    if (found !== undefined) records.push(found);
  }
  return records;
}

function toVerified(
  name: string,
  body: Uint8Array,
  keys: BackupStore['keys'],
): VerifiedBackup | undefined {
  try {
    const parsed = record.safeParse(readSignedDocument(body, name, keys).content);
    if (!parsed.success || parsed.data.backup !== name) return undefined;
    const { manifest: digest, verifiedAt, node } = parsed.data;
    return {
      name,
      verifiedAtMs: Date.parse(verifiedAt),
      node,
      isOf: (manifest) => toDigest(manifest) === digest,
    };
  } catch (error) {
    if (error instanceof SnapshotFault) return undefined;
    throw error;
  }
}

function toDigest(manifest: Manifest): string {
  return hash('sha256', toCanonicalJson(manifest));
}
