import { z } from 'zod';
import type { ProducerId } from '../../domain/click-cursor.ts';
import { ClickFormatError } from '../../domain/click-format-error.ts';

/** Batches of one producer on their way to the primary. Without any, it asks how far the primary is. */
export interface Delivery {
  readonly producer: ProducerId;
  /**
   * The epoch in which the producer learnt how far the primary is; 0 when it has not. A primary of another epoch counts
   * nothing of it, so that a request which was held up cannot reach one that went back in time.
   */
  readonly epoch: number;
  /** When batches before the first one are lost: the first of them. */
  readonly lostFrom?: number | undefined;
  /** Whether it only asks if its one batch is what is counted under that number. What is not counted stays so. */
  readonly isTrial: boolean;
  /** One after the other. */
  readonly batches: readonly Uint8Array[];
}

/** No delivery has more bytes, unless a single batch has. */
export const maxDeliveryBytes = 1_000_000;

const magic = Buffer.from('HCD', 'latin1');
const formatVersion = 1;
const headBytes = 35;
const perBatchBytes = 4;

/** What a delivery needs besides the bytes of `count` batches. */
export function deliveryOverhead(count: number): number {
  return headBytes + count * perBatchBytes;
}

/**
 * Layout, integers little-endian: `HCD`, version (1 byte), producer (16), epoch (6), lost from (6, 0 for none), whether
 * it is a trial (1), number of batches (2), then the batches, each with its length (4) before it.
 */
export function encodeDelivery(delivery: Delivery): Uint8Array {
  const head = Buffer.alloc(headBytes);
  head.set(magic);
  head[3] = formatVersion;
  head.write(delivery.producer, 4, 16, 'hex');
  head.writeUIntLE(delivery.epoch, 20, 6);
  head.writeUIntLE(delivery.lostFrom ?? 0, 26, 6);
  head[32] = Number(delivery.isTrial);
  head.writeUInt16LE(delivery.batches.length, 33);
  const parts: Uint8Array[] = [head];
  for (const batch of delivery.batches) {
    const length = Buffer.alloc(perBatchBytes);
    length.writeUInt32LE(batch.length);
    parts.push(length, batch);
  }
  return Buffer.concat(parts);
}

/** Reads a delivery; its batches are views of `body`. Throws `ClickFormatError`. */
export function decodeDelivery(body: Uint8Array): Delivery {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes.length < headBytes || bytes.compare(magic, 0, 3, 0, 3) !== 0) {
    throw new ClickFormatError('These bytes are no delivery of clicks.');
  }
  const version = bytes[3] as number;
  if (version !== formatVersion) {
    throw new ClickFormatError(
      `The delivery has version ${version} of the format, which this release does not know.`,
      version,
    );
  }
  const lostFrom = bytes.readUIntLE(26, 6);
  const batches: Uint8Array[] = [];
  let at = headBytes;
  for (let left = bytes.readUInt16LE(33); left > 0; left -= 1) {
    const from = at + perBatchBytes;
    if (from > bytes.length) throw new ClickFormatError('The delivery is cut off.');
    at = from + bytes.readUInt32LE(at);
    if (at > bytes.length) throw new ClickFormatError('The delivery is cut off.');
    batches.push(bytes.subarray(from, at));
  }
  if (at !== bytes.length) throw new ClickFormatError('The delivery is too long.');
  return {
    producer: bytes.toString('hex', 4, 20) as ProducerId,
    epoch: bytes.readUIntLE(20, 6),
    lostFrom: lostFrom === 0 ? undefined : lostFrom,
    isTrial: bytes[32] !== 0,
    batches,
  };
}

const count = z.int().min(0);
const answerSchema = z.object({
  epoch: count,
  outcome: z.enum(['ok', 'gap', 'conflict', 'absent', 'invalid']),
  merged: count,
  expected: count,
  clicks: count,
  detail: z.string().optional(),
});

/**
 * What the primary says to a delivery, as JSON.
 *
 * `outcome` is `ok`, or what is wrong with the first batch that is not counted: `gap`, `expected` has to come first;
 * `conflict`, another batch of its number is counted; `absent`, to a trial: none is; `invalid`, the primary cannot read
 * it, as `detail` says. `merged`
 * is how many batches of the delivery, from the first on, are counted; after `ok` those that are missing can come again.
 * `expected` is the batch that has to come next, and `clicks` all clicks of the producer up to what is counted.
 */
export type DeliveryAnswer = Readonly<z.infer<typeof answerSchema>>;

/** Reads the JSON of an answer; `undefined` when it is none, as from something that is no primary. */
export function parseAnswer(json: string): DeliveryAnswer | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(json)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The HTTP status of each outcome. */
const statuses: Readonly<Record<DeliveryAnswer['outcome'], number>> = {
  ok: 200,
  gap: 409,
  conflict: 409,
  absent: 409,
  invalid: 400,
};

/** An answer as HTTP has it. */
export interface AnsweredDelivery {
  readonly status: number;
  readonly body: DeliveryAnswer;
}

export function toAnswered(body: DeliveryAnswer): AnsweredDelivery {
  return { status: statuses[body.outcome], body };
}
