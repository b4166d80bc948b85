import { createZstdDecompress } from 'node:zlib';

/** Unpacks what zstd packed, away from this thread: all up to the block that is damaged. Never rejects. */
export async function unpackBeginning(packed: Uint8Array): Promise<Buffer> {
  const parts: Buffer[] = [];
  const unpacking = createZstdDecompress();
  unpacking.on('data', (part: Buffer) => parts.push(part));
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  // An error, and an end that comes too early, are what is expected here.
  unpacking.on('error', () => resolve());
  unpacking.on('end', resolve);
  unpacking.end(packed);
  await ended;
  return Buffer.concat(parts);
}
