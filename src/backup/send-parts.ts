import { createHash, hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import { partsPrefix } from './backup-name.ts';
import type { BackupStore } from './backup-store.ts';
import type { Bucket } from './bucket/bucket.ts';
import { type DatabaseManifest, type PartManifest, partBytes } from './manifest.ts';
import { mapInOrder } from './map-in-order.ts';

const compress = promisify(zstdCompress);

/** How many parts are compressed and sent at a time: as many are in memory. */
const atOnce = 4;

/** Parts by the name of their content, on their way or there. */
export type KnownParts = Map<string, PartManifest | Promise<PartManifest>>;

/** Where parts go. */
export interface PartTarget extends Pick<BackupStore, 'keys' | 'encrypt'> {
  readonly bucket: Pick<Bucket, 'write'>;
}

/** What of a file is in the bucket now. */
export interface SentFile extends Pick<DatabaseManifest, 'bytes' | 'sha256' | 'parts'> {
  readonly sentParts: number;
  readonly sentBytes: number;
}

/**
 * Sends the parts of a file that are not known, and adds them to those that are. `upload` is the end of their names, 16 hex digits
 * that no other upload has: so an object is never written by two, and a part that a pruner has found to be nobody's stays nobody's.
 * For a file that nobody writes to. Rejects with a `BucketFailure`.
 */
export async function sendParts(
  { bucket, keys, encrypt }: PartTarget,
  file: string,
  {
    upload,
    known,
    rest = async () => {},
    signal,
  }: {
    upload: string;
    known: KnownParts;
    /** Waited for before the next part is read. */
    rest?: (() => Promise<void>) | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<SentFile> {
  const whole = createHash('sha256');
  let bytes = 0;
  let sentParts = 0;
  let sentBytes = 0;

  async function send(content: string, piece: Uint8Array, stop: AbortSignal) {
    const compressed = await compress(piece);
    const stored = encrypt ? keys.encrypt(compressed) : compressed;
    const part: PartManifest = {
      name: `${content}-${upload}`,
      bytes: piece.length,
      storedBytes: stored.length,
      sha256: hash('sha256', stored),
    };
    await bucket.write(`${partsPrefix}${part.name}`, stored, stop);
    sentParts += 1;
    sentBytes += stored.length;
    return part;
  }

  const parts: PartManifest[] = [];
  const placed = mapInOrder(
    readPieces(file, rest),
    atOnce,
    async (piece, stop) => {
      whole.update(piece);
      bytes += piece.length;
      const content = keys.nameOf(piece);
      const there = known.get(content);
      if (there !== undefined) return there;
      const sent = send(content, piece, stop);
      known.set(content, sent);
      return sent;
    },
    signal,
  );
  for await (const part of placed) parts.push(part);
  return { bytes, sha256: whole.digest('hex'), parts, sentParts, sentBytes };
}

async function* readPieces(
  path: string,
  rest: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using file = await open(path, 'r');
  for (;;) {
    const piece = Buffer.allocUnsafeSlow(partBytes);
    let filled = 0;
    while (filled < partBytes) {
      const { bytesRead } = await file.read(piece, filled, partBytes - filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (filled > 0) yield piece.subarray(0, filled);
    if (filled < partBytes) return;
    await rest();
  }
}
