import { createHash, hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { BackupKeyFailure } from './backup-keys.ts';
import { partsPrefix } from './backup-name.ts';
import type { BackupStore } from './backup-store.ts';
import type { Bucket } from './bucket/bucket.ts';
import type { DatabaseManifest, PartManifest } from './manifest.ts';
import { mapInOrder } from './map-in-order.ts';
import { SnapshotFault } from './snapshot-fault.ts';

const decompress = promisify(zstdDecompress);

/** Where parts come from. */
export interface PartSource extends Pick<BackupStore, 'keys'> {
  readonly bucket: Pick<Bucket, 'read'>;
}

/** How many parts are fetched and unpacked at a time: as many are in memory. */
const atOnce = 4;

/**
 * Puts a database file together from its parts, and forces it to the disk. Every part is checked before it is unpacked, and the
 * whole at the end. Rejects with a `SnapshotFault` that names the part, with a `BucketFailure`, and with errors of the disk;
 * what was written so far stays then. `title` names the backup.
 */
export async function fetchFile(
  { bucket, keys }: PartSource,
  { bytes, sha256, encrypted, parts }: DatabaseManifest,
  { path, title, signal }: { path: string; title: string; signal?: AbortSignal | undefined },
): Promise<void> {
  const whole = createHash('sha256');
  let written = 0;
  await using file = await open(path, 'w', 0o600);
  const pieces = mapInOrder(
    parts,
    atOnce,
    async (part, stop) => {
      const stored = await bucket.read(`${partsPrefix}${part.name}`, stop);
      return unpackPart(part, stored, {
        decrypt: encrypted ? keys.decrypt.bind(keys) : same,
        title,
      });
    },
    signal,
  );
  for await (const piece of pieces) {
    whole.update(piece);
    await writeAll(file, piece);
    written += piece.length;
  }
  if (written !== bytes || whole.digest('hex') !== sha256) {
    throw new SnapshotFault('damaged', `${title} does not come to the file that it was made of`);
  }
  await file.sync();
}

async function unpackPart(
  part: PartManifest,
  stored: Uint8Array | undefined,
  { decrypt, title }: { decrypt: (stored: Uint8Array) => Uint8Array; title: string },
): Promise<Uint8Array> {
  const damaged = (what: string, cause?: unknown) =>
    new SnapshotFault('damaged', `${title} needs ${partsPrefix}${part.name}, ${what}`, {
      cause,
      part: part.name,
    });
  if (stored === undefined) throw damaged('which is not there');
  if (stored.length !== part.storedBytes || hash('sha256', stored) !== part.sha256) {
    throw damaged('which is not as it was stored');
  }
  try {
    const piece = await decompress(decrypt(stored), { maxOutputLength: part.bytes });
    if (piece.length !== part.bytes) throw new Error(`it has ${piece.length} bytes`);
    return piece;
  } catch (error) {
    if (error instanceof BackupKeyFailure && error.reason === 'unknown_key') {
      const message = `${title} needs ${partsPrefix}${part.name}. ${error.message}`;
      throw new SnapshotFault('other_key', message, { cause: error });
    }
    throw damaged(`which cannot be unpacked: ${(error as Error).message}`, error);
  }
}

function same(stored: Uint8Array): Uint8Array {
  return stored;
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, piece: Uint8Array): Promise<void> {
  let at = 0;
  while (at < piece.length) at += (await file.write(piece, at)).bytesWritten;
}
