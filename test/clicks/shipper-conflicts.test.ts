import { beforeEach, describe, expect, it } from 'vitest';
import { MemorySpool, nextProducer } from '../support/memory-spool.ts';
import { TestShipping } from '../support/test-shipping.ts';

let shipping: TestShipping;

beforeEach(() => {
  shipping = new TestShipping();
});

describe('another batch that is counted under the number of one of ours', () => {
  /** Counts batches of another volume of our producer. */
  function countOthers(from: number, to: number): void {
    const others = new MemorySpool();
    for (let seq = from; seq <= to; seq += 1) {
      const bytes = others.contents.get(others.put({ seq, links: [900 + seq] })) as Uint8Array;
      shipping.count({ bytes });
    }
  }

  it('has ours issued again, as a new producer', async () => {
    shipping.putBatches(1, 2);
    await shipping.shipAll();
    countOthers(3, 3);
    const [third] = shipping.putBatches(3, 4);
    expect(await shipping.shipAll()).toEqual(['3 4', 'e: ask', 'e: 1 2']);
    expect(shipping.spool.reissued).toEqual([third]);
    expect(shipping.shipper.readCounts().conflicts).toBe(1);
    expect(shipping.clicksOf(3, 903, 3_000, 4_000)).toEqual([0, 1, 1, 1]);
  });

  it('is found behind the newest of ours, and those before it are tried until one is agreed on', async () => {
    shipping.putBatches(1, 2);
    await shipping.shipAll();
    countOthers(3, 6);
    const [third] = shipping.putBatches(3, 5);
    shipping.restart();
    expect(await shipping.shipAll()).toEqual(['ask', '5', '4', '3', '2', 'e: ask', 'e: 1 2 3']);
    expect(shipping.spool.reissued).toEqual([third]);
    expect(shipping.clicksOf(1, 2, 903, 904, 905, 906, 3_000, 4_000, 5_000)).toEqual(
      Array(9).fill(1),
    );
  });

  it('is found for each that is sealed while others are ahead', async () => {
    shipping.putBatches(1, 2);
    await shipping.shipAll();
    countOthers(3, 6);
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask']);
    shipping.putBatches(3, 3);
    expect(await shipping.shipAll()).toEqual(['3', 'e: ask', 'e: 1']);
  });

  it('is not asked for when the primary can no longer tell: what was sealed since is issued again', async () => {
    shipping.putBatches(1, 2);
    await shipping.shipAll();
    countOthers(3, 150);
    shipping.restart();
    expect(await shipping.shipAll()).toEqual(['ask']);
    const [third] = shipping.putBatches(3, 4);
    expect(await shipping.shipAll()).toEqual(['e: ask', 'e: 1 2']);
    expect(shipping.spool.reissued).toEqual([third]);
    expect(shipping.clicksOf(1, 2, 3_000, 4_000)).toEqual([1, 1, 1, 1]);
  });

  it('ends a batch that was recovered, which may be its beginning', async () => {
    shipping.putBatches(1, 1);
    await shipping.shipAll();
    countOthers(2, 2);
    const [second] = shipping.putBatches(2, 2, { isRecovered: true });
    shipping.putBatches(3, 3);
    expect(await shipping.shipAll()).toEqual(['2 3', '3']);
    expect(shipping.spool.dropped).toEqual([second]);
    expect(shipping.spool.reissued).toEqual([]);
    expect(shipping.clicksOf(3)).toEqual([1]);
    expect(shipping.shipper.readCounts().conflicts).toBe(1);
  });

  it('ends all that follows in a volume of another node, which may issue it again itself', async () => {
    shipping.putBatches(1, 1, { isInherited: true });
    await shipping.shipAll();
    countOthers(2, 2);
    const inherited = shipping.putBatches(2, 4, { isInherited: true });
    expect(await shipping.shipAll()).toEqual(['2 3 4']);
    expect(shipping.spool.dropped).toEqual(inherited.toReversed());
    expect(shipping.clicksOf(2, 3, 4)).toEqual([0, 0, 0]);
    expect(shipping.shipper.readCounts().conflicts).toBe(3);
  });

  it('waits until all that follows in a volume of another node is sealed', async () => {
    shipping.putBatches(1, 1, { isInherited: true });
    await shipping.shipAll();
    countOthers(2, 2);
    const [second] = shipping.putBatches(2, 2, { isInherited: true });
    shipping.spool.isSealingMore = true;
    await shipping.shipAll();
    expect(shipping.spool.dropped).toEqual([]);
    const [third] = shipping.putBatches(3, 3, { isInherited: true });
    shipping.spool.isSealingMore = false;
    shipping.shipper.askAgain();
    await shipping.shipAll();
    expect(shipping.spool.dropped).toEqual([third, second]);
    expect(shipping.clicksOf(2, 3)).toEqual([0, 0]);
  });

  it('waits for a disk that has no room to issue ours again', async () => {
    countOthers(1, 1);
    shipping.putBatches(1, 1);
    shipping.spool.reissueError = new Error('ENOSPC');
    expect(await shipping.shipAll()).toEqual(['ask', '1', 'failed']);
    expect(await shipping.shipAll()).toEqual([]);
    shipping.spool.reissueError = undefined;
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask', '1', 'e: ask', 'e: 1']);
    expect(shipping.spool.listProducers()).toEqual([nextProducer]);
  });
});
