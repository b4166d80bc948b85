import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Delivery,
  type DeliveryAnswer,
  decodeDelivery,
  deliveryOverhead,
  encodeDelivery,
  parseAnswer,
  toAnswered,
} from '../../src/clicks/shipping/delivery.ts';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import { ClickFormatError } from '../../src/domain/click-format-error.ts';
import { someProducer } from '../support/sealed-batch.ts';

const deliveries: fc.Arbitrary<Delivery> = fc.record({
  producer: fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => Buffer.from(bytes).toString('hex') as ProducerId),
  epoch: fc.nat({ max: 2 ** 48 - 1 }),
  lostFrom: fc.option(fc.integer({ min: 1, max: 2 ** 48 - 1 }), { nil: undefined }),
  isTrial: fc.boolean(),
  batches: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }),
});

/** As plain bytes, which is what can be compared. */
function plain({ batches, ...rest }: Delivery) {
  return { ...rest, batches: batches.map((batch) => [...batch]) };
}

describe('a delivery', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(deliveries, (delivery) => {
        expect(plain(decodeDelivery(encodeDelivery(delivery)))).toEqual(plain(delivery));
      }),
    );
  });

  it('is as long as it says it will be', () => {
    fc.assert(
      fc.property(deliveries, (delivery) => {
        const bytes = delivery.batches.reduce((sum, batch) => sum + batch.length, 0);
        const overhead = deliveryOverhead(delivery.batches.length);
        expect(encodeDelivery(delivery)).toHaveLength(overhead + bytes);
      }),
    );
  });

  it('is refused wherever it is cut off, and with anything behind it', () => {
    const bytes = encodeDelivery({
      producer: someProducer,
      epoch: 3,
      isTrial: false,
      batches: [Buffer.from('one'), Buffer.from('two')],
    });
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeDelivery(bytes.subarray(0, length))).toThrow(ClickFormatError);
    }
    expect(() => decodeDelivery(Buffer.concat([bytes, Buffer.from([0])]))).toThrow('too long');
  });

  it('is refused with its number when it has a version that nobody knows', () => {
    const bytes = Buffer.from(
      encodeDelivery({ producer: someProducer, epoch: 3, isTrial: false, batches: [] }),
    );
    bytes[3] = 9;
    expect(() => decodeDelivery(bytes)).toThrow('version 9');
  });

  it('is nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => decodeDelivery(bytes)).toThrow(ClickFormatError);
      }),
    );
  });
});

describe('an answer', () => {
  const answer: DeliveryAnswer = {
    epoch: 3,
    outcome: 'ok',
    merged: 2,
    expected: 9,
    clicks: 400,
  };

  it('is read from its JSON, with what a later release adds left out', () => {
    expect(parseAnswer(JSON.stringify(answer))).toEqual(answer);
    expect(parseAnswer(JSON.stringify({ ...answer, more: 1 }))).toEqual(answer);
  });

  it.each(['', 'Bad Gateway', '{"epoch":3'])('is not the text %j', (text) => {
    expect(parseAnswer(text)).toBeUndefined();
  });

  it.each([
    null,
    'ok',
    {},
    { ...answer, outcome: 'fine' },
    { ...answer, expected: -1 },
    { ...answer, clicks: 1.5 },
    { ...answer, epoch: '3' },
    { type: 'https://example.com/problems/unavailable', status: 503 },
  ])('is not %j', (body) => {
    expect(parseAnswer(JSON.stringify(body))).toBeUndefined();
  });

  it.each([
    ['ok', 200],
    ['gap', 409],
    ['conflict', 409],
    ['absent', 409],
    ['invalid', 400],
  ] as const)('%s has status %i', (outcome, status) => {
    expect(toAnswered({ ...answer, outcome })).toEqual({ status, body: { ...answer, outcome } });
  });
});
