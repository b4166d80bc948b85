import { createHash } from 'node:crypto';

/** Bytes, and where the frames in them end, one behind the other. */
interface FramedBytes {
  readonly frames: readonly { readonly end: number }[];
  readonly framesBytes: Uint8Array;
}

/** How many frames, from the first one on, have this hash together; `undefined` when a batch does not begin so. */
export function findPrefix({ frames, framesBytes }: FramedBytes, hash: string): number | undefined {
  const prefix = createHash('sha256');
  let end = 0;
  for (let count = 0; count <= frames.length; count += 1) {
    const next = frames[count - 1]?.end ?? 0;
    prefix.update(framesBytes.subarray(end, next));
    end = next;
    if (prefix.copy().digest('hex') === hash) return count;
  }
  return undefined;
}
