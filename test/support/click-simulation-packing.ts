const zstdMagic = 0xfd2fb528;
const zstdHeadBytes = 12;

/** A zstd frame of one block that is not compressed (RFC 8878), which costs nothing to make. */
export async function storeOnly(bytes: Uint8Array): Promise<Uint8Array> {
  const frame = Buffer.alloc(zstdHeadBytes + bytes.length);
  frame.writeUInt32LE(zstdMagic, 0);
  // A single segment, its size in four bytes.
  frame[4] = 0b1010_0000;
  frame.writeUInt32LE(bytes.length, 5);
  frame.writeUIntLE(1 | (bytes.length << 3), 9, 3);
  frame.set(bytes, zstdHeadBytes);
  return frame;
}

/** What is in such a frame; nothing when its head is damaged. */
export function unpackStored(packed: Uint8Array): Buffer {
  const head = Buffer.alloc(zstdHeadBytes);
  head.set(packed.subarray(0, zstdHeadBytes));
  const bytes = packed.subarray(zstdHeadBytes);
  const isWhole =
    head.readUInt32LE(0) === zstdMagic &&
    head[4] === 0b1010_0000 &&
    head.readUIntLE(9, 3) === (1 | (bytes.length << 3));
  return Buffer.from(isWhole ? bytes : []);
}
