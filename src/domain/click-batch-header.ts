import { crc32 } from 'node:zlib';
import type { ProducerId } from './click-cursor.ts';
import { ClickFormatError } from './click-format-error.ts';

/** Whose batch it is, and which. */
export interface BatchIdentity {
  readonly producer: ProducerId;
  /** From 1. */
  readonly seq: number;
  /** All clicks of the producer before it, the lost ones with them. */
  readonly clicksBefore: number;
  /** Where the node is that recorded it. */
  readonly region: string;
}

/** What was sealed. */
export interface BatchSums {
  /** All clicks that were recorded in it. */
  readonly clicks: number;
  /** How many of them could not be read any more when it was sealed. */
  readonly damaged: number;
  /** Sealed after a crash, so that it may be the beginning of what another copy of the volume sealed. */
  readonly isRecovered: boolean;
  /** Bytes of its frames. */
  readonly framesBytes: number;
  /** Bytes that they are compressed to, and their CRC-32. */
  readonly packedBytes: number;
  readonly packedSum: number;
  /** SHA-256 of its frames, hex. */
  readonly hash: string;
}

/** A header that was read. An open segment has no sums yet. */
export interface BatchHeader extends BatchIdentity {
  readonly sums: BatchSums | undefined;
  readonly headerBytes: number;
}

/** The version of header, frames and all that this release writes. */
const formatVersion = 1;
const magic = Buffer.from('HCB', 'latin1');
const fixedBytes = 92;
/** `HCB`, version, CRC-32 and length of the header: the same in every version. */
const commonBytes = 10;
const maxRegionBytes = 64;
const isRecoveredFlag = 1;
const isOpenFlag = 2;

/**
 * Layout, integers little-endian: `HCB`, version (1 byte), CRC-32 of all after it that begins from the version (4),
 * length of the header (2), flags (1), producer (16), seq (6), clicks before (6), clicks (4), damaged (4), bytes of the
 * frames (4), of the packed frames (4), CRC-32 of the packed frames (4), SHA-256 of the frames (32), length of the
 * region (1), region. What comes before the flags is the same in every version, so that a damaged version is known
 * for one.
 */
export function encodeBatchHeader(identity: BatchIdentity, sums: BatchSums | undefined): Buffer {
  const region = Buffer.from(identity.region).subarray(0, maxRegionBytes);
  const header = Buffer.alloc(fixedBytes + region.length);
  header.set(magic);
  header[3] = formatVersion;
  header.writeUInt16LE(header.length, 8);
  header[10] = sums === undefined ? isOpenFlag : sums.isRecovered ? isRecoveredFlag : 0;
  header.write(identity.producer, 11, 16, 'hex');
  header.writeUIntLE(identity.seq, 27, 6);
  header.writeUIntLE(identity.clicksBefore, 33, 6);
  header.writeUInt32LE(sums?.clicks ?? 0, 39);
  header.writeUInt32LE(sums?.damaged ?? 0, 43);
  header.writeUInt32LE(sums?.framesBytes ?? 0, 47);
  header.writeUInt32LE(sums?.packedBytes ?? 0, 51);
  header.writeUInt32LE(sums?.packedSum ?? 0, 55);
  header.write(sums?.hash ?? '', 59, 32, 'hex');
  header[91] = region.length;
  header.set(region, fixedBytes);
  header.writeUInt32LE(crc32(header.subarray(8), formatVersion), 4);
  return header;
}

/** Reads the header at the beginning of a batch or an open segment. Throws `ClickFormatError`. */
export function decodeBatchHeader(bytes: Buffer): BatchHeader {
  if (bytes.length < commonBytes || bytes.compare(magic, 0, 3, 0, 3) !== 0) {
    throw new ClickFormatError('These bytes are no batch of clicks.');
  }
  const version = bytes[3] as number;
  const headerBytes = bytes.readUInt16LE(8);
  if (headerBytes < commonBytes || headerBytes > bytes.length) {
    throw new ClickFormatError('The header of the batch is cut off.');
  }
  if (crc32(bytes.subarray(8, headerBytes), version) !== bytes.readUInt32LE(4)) {
    throw new ClickFormatError('The header of the batch is damaged.');
  }
  if (version !== formatVersion) {
    throw new ClickFormatError(
      `The batch has version ${version} of the format, which this release does not know.`,
      version,
    );
  }
  if (headerBytes < fixedBytes || fixedBytes + (bytes[91] as number) !== headerBytes) {
    throw new ClickFormatError('The header of the batch is not as long as it says.');
  }
  const flags = bytes[10] as number;
  return {
    producer: bytes.toString('hex', 11, 27) as ProducerId,
    seq: bytes.readUIntLE(27, 6),
    clicksBefore: bytes.readUIntLE(33, 6),
    region: bytes.toString('utf8', fixedBytes, headerBytes),
    headerBytes,
    sums:
      (flags & isOpenFlag) !== 0
        ? undefined
        : {
            clicks: bytes.readUInt32LE(39),
            damaged: bytes.readUInt32LE(43),
            isRecovered: (flags & isRecoveredFlag) !== 0,
            framesBytes: bytes.readUInt32LE(47),
            packedBytes: bytes.readUInt32LE(51),
            packedSum: bytes.readUInt32LE(55),
            hash: bytes.toString('hex', 59, 91),
          },
  };
}
