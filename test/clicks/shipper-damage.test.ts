import { beforeEach, describe, expect, it } from 'vitest';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import { sealBatch, someProducer } from '../support/sealed-batch.ts';
import { TestShipping } from '../support/test-shipping.ts';

const other = 'f'.repeat(32) as ProducerId;

let shipping: TestShipping;

beforeEach(() => {
  shipping = new TestShipping();
});

describe('a batch that is damaged on the disk', () => {
  it('is mended and shipped with what is left of it', async () => {
    const [first] = shipping.putBatches(1, 2);
    shipping.spool.contents.set(first as never, 'damaged');
    shipping.spool.mendResult = 1;
    expect(await shipping.shipAll()).toEqual(['ask', '1 2']);
    expect(shipping.spool.mended).toEqual([first]);
    expect(shipping.clicksOf(2)).toEqual([1]);
  });

  it('ends a delivery before it', async () => {
    const [, second] = shipping.putBatches(1, 3);
    shipping.spool.contents.set(second as never, 'damaged');
    expect(await shipping.shipAll()).toEqual(['ask', '1', '2 3']);
  });

  it('is tried again later when it is damaged at once, or cannot be mended', async () => {
    const [first] = shipping.putBatches(1, 1);
    shipping.spool.contents.set(first as never, 'damaged');
    shipping.spool.mendResult = new Error('ENOSPC');
    expect(await shipping.shipAll()).toEqual(['ask', 'failed']);
    expect(await shipping.shipAll()).toEqual([]);
    shipping.spool.mendResult = 0;
    shipping.shipper.askAgain();
    const readBatch = shipping.spool.readBatch.bind(shipping.spool);
    shipping.spool.readBatch = async () => 'damaged';
    expect(await shipping.shipAll()).toEqual(['ask', 'failed']);
    shipping.spool.readBatch = readBatch;
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask', '1']);
  });

  it('tells nothing of those before it when it should be counted, and is left alone', async () => {
    const [, second] = shipping.putBatches(1, 2);
    await shipping.shipAll();
    shipping.spool.contents.set(second as never, 'damaged');
    shipping.restart();
    expect(await shipping.shipAll()).toEqual(['ask', '1']);
    shipping.putBatches(3, 3);
    expect(await shipping.shipAll()).toEqual(['3']);
    expect(shipping.spool.mended).toEqual([]);
  });

  it('is mended first when nobody ever said that it is the one that is counted', async () => {
    const [first] = shipping.putBatches(1, 1);
    shipping.intercept = (delivery) => {
      if (delivery.batches.length === 0) return 'pass';
      shipping.count(...delivery.batches.map((bytes) => ({ bytes })));
      shipping.spool.contents.set(first as never, 'damaged');
      return undefined;
    };
    expect(await shipping.shipAll()).toEqual(['ask', '1', 'failed']);
    shipping.intercept = undefined;
    expect(await shipping.shipAll()).toEqual(['ask', '1']);
    expect(shipping.spool.mended).toEqual([first]);
    expect(shipping.spool.dropped).toHaveLength(1);
  });
});

describe('a batch that the primary does not take', () => {
  it('though it is whole, waits for one that knows it, and holds up no other producer', async () => {
    shipping.putBatches(1, 2);
    shipping.putBatches(1, 1, { producer: other, isInherited: true });
    const answer = { epoch: 1, merged: 0, expected: 1, clicks: 0, detail: 'of version 2' };
    shipping.intercept = ({ producer, batches }) =>
      producer === other || batches.length === 0 ? 'pass' : { ...answer, outcome: 'invalid' };
    expect(await shipping.shipAll()).toEqual(['ask', 'f: ask', '1 2', 'f: 1']);
    expect(await shipping.shipAll()).toEqual([]);
    expect(shipping.shipper.readCounts().failures).toBe(1);
    shipping.intercept = undefined;
    shipping.shipper.askAgain();
    expect((await shipping.shipAll()).toSorted()).toEqual(['1 2', 'ask', 'f: ask']);
    expect(shipping.spool.mended).toEqual([]);
    expect(shipping.clicksOf(1, 2)).toEqual([2, 1]);
  });

  it('and that turns out to be damaged here is mended', async () => {
    const [first] = shipping.putBatches(1, 1);
    shipping.intercept = ({ batches }) => {
      if (batches.length === 0 || shipping.spool.mended.length > 0) return 'pass';
      shipping.spool.contents.set(first as never, 'damaged');
      return { epoch: 1, outcome: 'invalid', merged: 0, expected: 1, clicks: 0 };
    };
    expect(await shipping.shipAll()).toEqual(['ask', '1', '1']);
    expect(shipping.spool.mended).toEqual([first]);
  });

  it('because it cannot read the delivery at all, waits too', async () => {
    shipping.putBatches(1, 1);
    const unknown = { epoch: 0, outcome: 'invalid', merged: 0, expected: 0, clicks: 0 } as const;
    shipping.intercept = ({ batches }) => (batches.length === 0 ? 'pass' : unknown);
    expect(await shipping.shipAll()).toEqual(['ask', '1', 'failed']);
    shipping.intercept = () => unknown;
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask', 'failed']);
    shipping.intercept = undefined;
    expect(await shipping.shipAll()).toEqual(['ask', '1']);
  });

  it('since another is counted under its number is not taken for counted while it cannot be read', async () => {
    shipping.count({ bytes: sealBatch({ seq: 1, clicksBefore: 0, ticks: [] }) });
    const [first] = shipping.putBatches(1, 1);
    shipping.restart();
    const whole = shipping.spool.contents.get(first as never) as Uint8Array;
    shipping.spool.contents.set(first as never, new Error('EIO'));
    expect(await shipping.shipAll()).toEqual(['ask', 'failed']);
    shipping.spool.contents.set(first as never, whole);
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask', '1', 'e: ask', 'e: 1']);
  });

  it('and that cannot be read here waits, and holds up no other producer', async () => {
    const [first] = shipping.putBatches(1, 1);
    const whole = shipping.spool.contents.get(first as never) as Uint8Array;
    shipping.spool.contents.set(first as never, new Error('EIO'));
    shipping.putBatches(1, 1, { producer: other, isInherited: true });
    await shipping.shipAll();
    await shipping.shipAll();
    expect(shipping.store.findCursor(other)?.seq).toBe(1);
    shipping.spool.contents.set(first as never, whole);
    shipping.shipper.askAgain();
    await shipping.shipAll();
    expect(shipping.store.findCursor(someProducer)?.seq).toBe(1);
  });
});
