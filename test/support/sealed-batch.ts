import { crc32, zstdCompressSync } from 'node:zlib';
import type { ClickDetails } from '../../src/domain/click.ts';
import { encodeBatch } from '../../src/domain/click-batch.ts';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import { nonceBytes } from '../../src/domain/click-frame.ts';
import { ClickFrameEncoder } from '../../src/domain/click-frame-encoder.ts';

/** A click of which nothing is known. */
export const noDetails: ClickDetails = {
  isBot: false,
  country: null,
  referrer: null,
  browser: null,
  os: null,
  device: null,
};

/** One tick of a batch: its clicks, and hits on slugs that no link has. */
export interface Tick {
  readonly timeMs?: number;
  readonly clicks?: readonly {
    readonly linkId: number;
    readonly details?: Partial<ClickDetails>;
    readonly isNewVisitor?: boolean;
  }[];
  readonly orphans?: readonly string[];
  /** Clicks before this tick that cannot be read any more. */
  readonly missingBefore?: number;
}

/** What a test says of a batch. */
export interface BatchOfTicks {
  readonly producer?: ProducerId;
  readonly seq?: number;
  readonly clicksBefore?: number;
  readonly region?: string;
  readonly isRecovered?: boolean;
  /** Clicks after the last tick that cannot be read any more. */
  readonly missingAtEnd?: number;
  readonly ticks: readonly Tick[];
}

/** Midnight of 2026-01-01 UTC. */
export const someTimeMs = Date.UTC(2026, 0);

export const someNonce: Uint8Array = Buffer.alloc(nonceBytes, 'nonce');
export const someProducer = '0123456789abcdef0123456789abcdef' as ProducerId;

/** The bytes of a batch as a spool seals it; by default the first one of a producer. */
export function sealBatch(batch: BatchOfTicks): Uint8Array {
  const encoder = new ClickFrameEncoder(someNonce);
  const frames: Buffer[] = [];
  let recorded = 0;
  let damaged = 0;
  for (const tick of batch.ticks) {
    recorded += tick.missingBefore ?? 0;
    damaged += tick.missingBefore ?? 0;
    for (const { linkId, details, isNewVisitor } of tick.clicks ?? []) {
      encoder.add(linkId, { ...noDetails, ...details }, isNewVisitor ?? false);
    }
    for (const slug of tick.orphans ?? []) encoder.addOrphan(slug);
    frames.push(Buffer.from(encoder.finish(recorded, tick.timeMs ?? someTimeMs)));
    recorded += encoder.clicks;
    encoder.clear();
  }
  const { missingAtEnd = 0 } = batch;
  const bytes = Buffer.concat(frames);
  return encodeBatch(
    {
      producer: batch.producer ?? someProducer,
      seq: batch.seq ?? 1,
      clicksBefore: batch.clicksBefore ?? 0,
      region: batch.region ?? 'ams',
      clicks: recorded + missingAtEnd,
      damaged: damaged + missingAtEnd,
      isRecovered: batch.isRecovered ?? false,
      frames: bytes,
    },
    zstdCompressSync(bytes),
  );
}

/** The same batch as a release writes it that has another version of the format. */
export function withVersion(batch: Uint8Array, version: number): Uint8Array {
  const bytes = Buffer.from(batch);
  bytes[3] = version;
  bytes.writeUInt32LE(crc32(bytes.subarray(8, bytes.readUInt16LE(8)), version), 4);
  return bytes;
}
