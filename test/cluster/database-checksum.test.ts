import { describe, expect, it } from 'vitest';
import { DatabaseChecksum } from '../../src/cluster/database-checksum.ts';

function sum(bytes: Uint8Array, pageBytes: number, pieceBytes = bytes.length): string | undefined {
  const checksum = new DatabaseChecksum(pageBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    checksum.update(bytes.subarray(at, at + pieceBytes));
  }
  return checksum.digest();
}

/** Bit by bit, as the definition of CRC-64/GO-ISO has it. */
function slowSum(bytes: Uint8Array, pageBytes: number): string {
  const polynomial = 0xd800_0000_0000_0000n;
  const all = 0xffff_ffff_ffff_ffffn;
  let total = 0n;
  for (let page = 1; (page - 1) * pageBytes < bytes.length; page += 1) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(page);
    let crc = all;
    for (const byte of [...number, ...bytes.subarray((page - 1) * pageBytes, page * pageBytes)]) {
      crc ^= BigInt(byte);
      for (let bit = 0; bit < 8; bit += 1) {
        crc = (crc & 1n) === 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
      }
    }
    total ^= crc ^ all;
  }
  return (total | (1n << 63n)).toString(16).padStart(16, '0');
}

describe("LiteFS's checksum of a database", () => {
  it('is what Go computes', () => {
    // hash/crc64 with its ISO table, over two pages of 512 bytes of 1.
    expect(sum(new Uint8Array(1024).fill(1), 512)).toBe('80d21cd000000000');
  });

  it('is the same whatever the pieces are', () => {
    const bytes = Uint8Array.from({ length: 3 * 512 }, (_, at) => (at * 7919) >> 3);
    const expected = slowSum(bytes, 512);
    for (const pieceBytes of [1, 7, 8, 511, 512, 513, 1536]) {
      expect(sum(bytes, 512, pieceBytes)).toBe(expected);
    }
  });

  it('leaves out the page of the locks, which begins at 1 GiB', () => {
    const page = new Uint8Array(4096).fill(1);
    const checksum = new DatabaseChecksum(4096, 262_144);
    checksum.update(page);
    const before = checksum.digest();
    checksum.update(page);
    expect(checksum.digest()).toBe(before);
    checksum.update(page);
    expect(checksum.digest()).not.toBe(before);
  });

  it('is not there of a torn file', () => {
    expect(sum(new Uint8Array(1023), 512)).toBeUndefined();
    expect(sum(new Uint8Array(0), 512)).toBeUndefined();
  });
});
