import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Delivery,
  type DeliveryAnswer,
  decodeDelivery,
  maxDeliveryBytes,
} from '../../src/clicks/delivery.ts';
import { Receiver } from '../../src/clicks/receiver.ts';
import { Shipper } from '../../src/clicks/shipper.ts';
import { checkBatch } from '../../src/domain/click-batch.ts';
import type { ClickCursor, ProducerId } from '../../src/domain/click-cursor.ts';
import { mergeClicks } from '../../src/domain/merge-clicks.ts';
import type { ClickWriter, MergeClicksInput } from '../../src/domain/writer.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { type ClickCommit, MemoryClickStore } from '../support/memory-click-store.ts';
import { MemorySpool, nextProducer } from '../support/memory-spool.ts';
import { someProducer } from '../support/sealed-batch.ts';
import { silentLog } from '../support/silent-log.ts';

const other = 'f'.repeat(32) as ProducerId;

let spool: MemorySpool;
let store: MemoryClickStore;
let shipper: Shipper;
let epoch: number;
let receiver: Receiver;
/** What was delivered: the numbers of the batches, in words when there is more to say. */
let delivered: string[];
/** Stands between shipper and receiver. */
let intercept: ((delivery: Delivery) => DeliveryAnswer | undefined | 'pass') | undefined;
let ownCursors: Map<ProducerId, ClickCursor>;

beforeEach(() => {
  spool = new MemorySpool();
  store = new MemoryClickStore();
  delivered = [];
  intercept = undefined;
  ownCursors = new Map();
  epoch = 1;
  takeOver();
  start();
});

/** A process begins with what lies in the spool. */
function start(): void {
  shipper = new Shipper({
    spool,
    log: silentLog,
    readOwnCursor: async (producer) => ownCursors.get(producer),
    async deliver(body) {
      const delivery = decodeDelivery(body);
      delivered.push(describeDelivery(delivery));
      const answer = intercept === undefined ? 'pass' : intercept(delivery);
      return answer === 'pass' ? (await receiver.receive(body)).body : answer;
    },
  });
}

/** Another primary begins, with what is left of the counts. */
function takeOver(commits: readonly ClickCommit[] = store.commits): void {
  store.become(commits);
  const writer = {
    async count(_: string, input: MergeClicksInput) {
      store.begin();
      const value = mergeClicks(store, input);
      store.commit();
      return { value, position: undefined, epoch };
    },
  } as unknown as ClickWriter;
  receiver = new Receiver({
    writers: { clickWriter: () => writer },
    findCursor: async (producer) => store.findCursor(producer),
    clock: fakeClock(),
    datedForMs: 1e12,
    log: silentLog,
  });
}

function describeDelivery({ producer, lostFrom, batches }: Delivery): string {
  const name = producer === someProducer ? '' : `${producer[0]}: `;
  if (batches.length === 0) return `${name}ask`;
  const numbers = batches.map((batch) => checkBatch(batch).seq).join(' ');
  return `${name}${numbers}${lostFrom === undefined ? '' : ` lost from ${lostFrom}`}`;
}

/** Works until there is nothing left, or until it fails; gives what was delivered meanwhile. */
async function shipAll(): Promise<string[]> {
  delivered = [];
  for (let steps = 0; steps < 50; steps += 1) {
    const result = await shipper.step();
    if (result === 'shipped') continue;
    return result === 'idle' ? delivered : [...delivered, 'failed'];
  }
  throw new Error('there is no end to it');
}

function clicksOf(...linkIds: number[]): number[] {
  return linkIds.map((linkId) => store.totals.get(linkId)?.clicks ?? 0);
}

/** Batches of one click each, of the links that are their numbers. */
function putBatches(from: number, to: number, more = {}) {
  return Array.from({ length: to - from + 1 }, (_, index) =>
    spool.put({ seq: from + index, links: [from + index], ...more }),
  );
}

describe('a shipper', () => {
  it('asks how far the primary is, and ships from there in order', async () => {
    expect(await shipAll()).toEqual([]);
    putBatches(1, 3);
    expect(await shipAll()).toEqual(['ask', '1 2 3']);
    putBatches(4, 5);
    expect(await shipAll()).toEqual(['4 5']);
    expect(clicksOf(1, 2, 3, 4, 5)).toEqual([1, 1, 1, 1, 1]);
    expect(shipper.readCounts()).toEqual({
      batches: 5,
      clicks: 5,
      failures: 0,
      lost: 0,
      conflicts: 0,
    });
  });

  it('puts no more into a delivery than it may have, and at least one batch', async () => {
    const third = Math.floor(maxDeliveryBytes / 3);
    putBatches(1, 3, { bytes: third });
    putBatches(4, 5, { bytes: maxDeliveryBytes + 1 });
    expect(await shipAll()).toEqual(['ask', '1 2', '3', '4', '5']);
  });

  it('asks after a delivery without an answer, rather than send it all again', async () => {
    putBatches(1, 2);
    intercept = ({ batches }) => (batches.length > 0 ? undefined : 'pass');
    expect(await shipAll()).toEqual(['ask', '1 2', 'failed']);
    expect(shipper.readCounts().failures).toBe(1);
    intercept = () => {
      throw new Error('connection refused');
    };
    expect(await shipAll()).toEqual(['ask', 'failed']);
    intercept = undefined;
    expect(await shipAll()).toEqual(['ask', '1 2']);
  });

  it('believes a primary that counted what it gave no answer to', async () => {
    putBatches(1, 2);
    intercept = (delivery) => {
      if (delivery.batches.length === 0) return 'pass';
      store.begin();
      const batches = delivery.batches.map((bytes) => ({ bytes }));
      mergeClicks(store, { batches, nowMs: 0, datedForMs: 1e15 });
      store.commit();
      return undefined;
    };
    expect(await shipAll()).toEqual(['ask', '1 2', 'failed']);
    intercept = undefined;
    // The newest once more, to learn that it is the one.
    expect(await shipAll()).toEqual(['ask', '2']);
    expect(clicksOf(1, 2)).toEqual([1, 1]);
  });

  it('takes turns with the producers of a volume', async () => {
    const large = { bytes: maxDeliveryBytes };
    putBatches(1, 3, large);
    putBatches(1, 3, { ...large, producer: other, isInherited: true });
    expect(await shipAll()).toEqual(['ask', 'f: ask', '1', 'f: 1', '2', 'f: 2', '3', 'f: 3']);
  });

  it('fails when the primary says the same again and again', async () => {
    putBatches(1, 1);
    const answer = { epoch: 1, merged: 0, expected: 1, clicks: 0 };
    intercept = () => ({ ...answer, outcome: 'gap' });
    expect(await shipAll()).toEqual(['ask', 'failed']);
    intercept = ({ batches }) => (batches.length === 0 ? 'pass' : { ...answer, outcome: 'gap' });
    expect(await shipAll()).toEqual(['ask', '1', 'failed']);
  });
});

describe('a shipper that starts', () => {
  it('tries the newest batch that should be counted once more, and ships from there', async () => {
    putBatches(1, 4);
    await shipAll();
    putBatches(5, 6);
    start();
    expect(await shipAll()).toEqual(['ask', '4', '5 6']);
    expect(clicksOf(1, 2, 3, 4, 5, 6)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('does so again when the primary is another, and when it may be another', async () => {
    putBatches(1, 2);
    await shipAll();
    epoch = 2;
    takeOver();
    shipper.askAgain();
    expect(await shipAll()).toEqual(['ask', '2']);
    shipper.askAgain();
    expect(await shipAll()).toEqual(['ask']);
    shipper.forget();
    expect(await shipAll()).toEqual(['ask', '2']);
  });

  it('hears of a new epoch from the answer to a delivery, of which nothing was counted', async () => {
    putBatches(1, 1);
    await shipAll();
    epoch = 2;
    takeOver();
    putBatches(2, 2);
    expect(await shipAll()).toEqual(['2', '1', '2']);
    expect(clicksOf(1, 2)).toEqual([1, 1]);
  });
});

describe('a primary that went back in time', () => {
  it('gets again what it lost', async () => {
    const before = store.commits;
    putBatches(1, 2);
    await shipAll();
    const between = store.commits;
    putBatches(3, 4);
    await shipAll();
    epoch = 2;
    takeOver(between);
    shipper.askAgain();
    expect(await shipAll()).toEqual(['ask', '2', '3 4']);
    epoch = 3;
    takeOver(before);
    shipper.askAgain();
    expect(await shipAll()).toEqual(['ask', '1 2 3 4']);
    expect(clicksOf(1, 2, 3, 4)).toEqual([1, 1, 1, 1]);
  });

  it('is told what is lost when it is no longer there', async () => {
    const [first, second] = putBatches(1, 4);
    await shipAll();
    spool.remove(first as never);
    spool.remove(second as never);
    epoch = 2;
    takeOver([]);
    shipper.askAgain();
    expect(await shipAll()).toEqual(['ask', '3 4 lost from 1']);
    expect(shipper.readCounts().lost).toBe(2);
    expect(store.findCursor(someProducer)).toMatchObject({ seq: 4, clicks: 4, lost: 2 });
  });

  it('is told so batch by batch where there are holes, and the loss is counted once', async () => {
    const batches = putBatches(1, 6);
    for (const at of [0, 2, 3]) spool.remove(batches[at] as never);
    let isFirst = true;
    intercept = ({ lostFrom }) => {
      if (lostFrom === undefined || !isFirst) return 'pass';
      isFirst = false;
      return undefined;
    };
    expect(await shipAll()).toEqual(['ask', '2 lost from 1', 'failed']);
    expect(await shipAll()).toEqual(['ask', '2 lost from 1', '5 6 lost from 3']);
    expect(shipper.readCounts().lost).toBe(3);
    expect(store.findCursor(someProducer)).toMatchObject({ clicks: 6, lost: 3 });
  });

  it('was told, whether its answer arrived or not', async () => {
    const [first] = putBatches(1, 2);
    spool.remove(first as never);
    intercept = ({ lostFrom, batches: [bytes] }) => {
      if (lostFrom === undefined) return 'pass';
      store.begin();
      const input = { batches: [{ bytes: bytes as Uint8Array, lostFrom }] };
      mergeClicks(store, { ...input, nowMs: 0, datedForMs: 1e15 });
      store.commit();
      return undefined;
    };
    expect(await shipAll()).toEqual(['ask', '2 lost from 1', 'failed']);
    expect(await shipAll()).toEqual(['ask', '2']);
    expect(shipper.readCounts().lost).toBe(1);
  });
});

describe('another batch that is counted under the number of one of ours', () => {
  /** Counts batches of another volume of our producer. */
  function countOthers(from: number, to: number): void {
    const others = new MemorySpool();
    store.begin();
    for (let seq = from; seq <= to; seq += 1) {
      const bytes = others.contents.get(others.put({ seq, links: [900 + seq] })) as Uint8Array;
      mergeClicks(store, { batches: [{ bytes }], nowMs: 0, datedForMs: 1e15 });
    }
    store.commit();
  }

  it('has ours issued again, as a new producer', async () => {
    putBatches(1, 2);
    await shipAll();
    countOthers(3, 3);
    const [third] = putBatches(3, 4);
    expect(await shipAll()).toEqual(['3 4', 'e: ask', 'e: 1 2']);
    expect(spool.reissued).toEqual([third]);
    expect(shipper.readCounts().conflicts).toBe(1);
    expect(clicksOf(3, 903, 3_000, 4_000)).toEqual([0, 1, 1, 1]);
  });

  it('is found behind the newest of ours, and those before it are tried until one is agreed on', async () => {
    putBatches(1, 2);
    await shipAll();
    countOthers(3, 6);
    const [third] = putBatches(3, 5);
    start();
    expect(await shipAll()).toEqual(['ask', '5', '4', '3', '2', 'e: ask', 'e: 1 2 3']);
    expect(spool.reissued).toEqual([third]);
    expect(clicksOf(1, 2, 903, 904, 905, 906, 3_000, 4_000, 5_000)).toEqual(Array(9).fill(1));
  });

  it('is found for each that is sealed while others are ahead', async () => {
    putBatches(1, 2);
    await shipAll();
    countOthers(3, 6);
    shipper.askAgain();
    expect(await shipAll()).toEqual(['ask']);
    putBatches(3, 3);
    expect(await shipAll()).toEqual(['3', 'e: ask', 'e: 1']);
  });

  it('is not asked for when the primary can no longer tell: what was sealed since is issued again', async () => {
    putBatches(1, 2);
    await shipAll();
    countOthers(3, 150);
    start();
    expect(await shipAll()).toEqual(['ask']);
    const [third] = putBatches(3, 4);
    expect(await shipAll()).toEqual(['e: ask', 'e: 1 2']);
    expect(spool.reissued).toEqual([third]);
    expect(clicksOf(1, 2, 3_000, 4_000)).toEqual([1, 1, 1, 1]);
  });

  it('ends a batch that was recovered, which may be its beginning', async () => {
    putBatches(1, 1);
    await shipAll();
    countOthers(2, 2);
    const [second] = putBatches(2, 2, { isRecovered: true });
    putBatches(3, 3);
    expect(await shipAll()).toEqual(['2 3', '3']);
    expect(spool.dropped).toEqual([second]);
    expect(spool.reissued).toEqual([]);
    expect(clicksOf(3)).toEqual([1]);
    expect(shipper.readCounts().conflicts).toBe(1);
  });

  it('ends all that follows in a volume of another node, which may issue it again itself', async () => {
    putBatches(1, 1, { isInherited: true });
    await shipAll();
    countOthers(2, 2);
    const inherited = putBatches(2, 4, { isInherited: true });
    expect(await shipAll()).toEqual(['2 3 4']);
    expect(spool.dropped).toEqual(inherited);
    expect(clicksOf(2, 3, 4)).toEqual([0, 0, 0]);
    expect(shipper.readCounts().conflicts).toBe(3);
  });

  it('waits for a disk that has no room to issue ours again', async () => {
    countOthers(1, 1);
    putBatches(1, 1);
    spool.reissueError = new Error('ENOSPC');
    expect(await shipAll()).toEqual(['ask', '1', 'failed']);
    expect(await shipAll()).toEqual([]);
    spool.reissueError = undefined;
    shipper.askAgain();
    expect(await shipAll()).toEqual(['ask', '1', 'e: ask', 'e: 1']);
    expect(spool.listProducers()).toEqual([nextProducer]);
  });
});

describe('a batch that is damaged on the disk', () => {
  it('is mended and shipped with what is left of it', async () => {
    const [first] = putBatches(1, 2);
    spool.contents.set(first as never, 'damaged');
    spool.mendResult = 1;
    expect(await shipAll()).toEqual(['ask', '1 2']);
    expect(spool.mended).toEqual([first]);
    expect(clicksOf(2)).toEqual([1]);
  });

  it('ends a delivery before it', async () => {
    const [, second] = putBatches(1, 3);
    spool.contents.set(second as never, 'damaged');
    expect(await shipAll()).toEqual(['ask', '1', '2 3']);
  });

  it('is tried again later when it is damaged at once, or cannot be mended', async () => {
    const [first] = putBatches(1, 1);
    spool.contents.set(first as never, 'damaged');
    spool.mendResult = new Error('ENOSPC');
    expect(await shipAll()).toEqual(['ask', 'failed']);
    expect(await shipAll()).toEqual([]);
    spool.mendResult = 0;
    shipper.askAgain();
    const readBatch = spool.readBatch.bind(spool);
    spool.readBatch = async () => 'damaged';
    expect(await shipAll()).toEqual(['ask', 'failed']);
    spool.readBatch = readBatch;
    shipper.askAgain();
    expect(await shipAll()).toEqual(['ask', '1']);
  });

  it('tells nothing of those before it when it should be counted, and is left alone', async () => {
    const [, second] = putBatches(1, 2);
    await shipAll();
    spool.contents.set(second as never, 'damaged');
    start();
    expect(await shipAll()).toEqual(['ask', '1']);
    putBatches(3, 3);
    expect(await shipAll()).toEqual(['3']);
    expect(spool.mended).toEqual([]);
  });
});

describe('a batch that the primary does not take', () => {
  it('though it is whole, waits for one that knows it, and holds up no other producer', async () => {
    putBatches(1, 2);
    putBatches(1, 1, { producer: other, isInherited: true });
    const answer = { epoch: 1, merged: 0, expected: 1, clicks: 0, detail: 'of version 2' };
    intercept = ({ producer, batches }) =>
      producer === other || batches.length === 0 ? 'pass' : { ...answer, outcome: 'invalid' };
    expect(await shipAll()).toEqual(['ask', 'f: ask', '1 2', 'f: 1']);
    expect(await shipAll()).toEqual([]);
    expect(shipper.readCounts().failures).toBe(1);
    intercept = undefined;
    shipper.askAgain();
    expect((await shipAll()).toSorted()).toEqual(['1 2', 'ask', 'f: ask']);
    expect(spool.mended).toEqual([]);
    expect(clicksOf(1, 2)).toEqual([2, 1]);
  });

  it('and that turns out to be damaged here is mended', async () => {
    const [first] = putBatches(1, 1);
    intercept = ({ batches }) => {
      if (batches.length === 0 || spool.mended.length > 0) return 'pass';
      spool.contents.set(first as never, 'damaged');
      return { epoch: 1, outcome: 'invalid', merged: 0, expected: 1, clicks: 0 };
    };
    expect(await shipAll()).toEqual(['ask', '1', '1']);
    expect(spool.mended).toEqual([first]);
  });

  it('because it cannot read the delivery at all, waits too', async () => {
    putBatches(1, 1);
    const unknown = { epoch: 0, outcome: 'invalid', merged: 0, expected: 0, clicks: 0 } as const;
    intercept = ({ batches }) => (batches.length === 0 ? 'pass' : unknown);
    expect(await shipAll()).toEqual(['ask', '1', 'failed']);
    intercept = () => unknown;
    shipper.askAgain();
    expect(await shipAll()).toEqual(['ask', 'failed']);
    intercept = undefined;
    expect(await shipAll()).toEqual(['ask', '1']);
  });

  it('and that cannot be read here waits, and holds up no other producer', async () => {
    const [first] = putBatches(1, 1);
    const whole = spool.contents.get(first as never) as Uint8Array;
    spool.contents.set(first as never, new Error('EIO'));
    putBatches(1, 1, { producer: other, isInherited: true });
    await shipAll();
    await shipAll();
    expect(store.findCursor(other)?.seq).toBe(1);
    spool.contents.set(first as never, whole);
    shipper.askAgain();
    await shipAll();
    expect(store.findCursor(someProducer)?.seq).toBe(1);
  });
});

describe('what this node’s own copy counts', () => {
  it('is told to the spool, and whether something is missing there', async () => {
    putBatches(1, 2);
    await shipAll();
    expect(await shipper.confirm()).toBe(true);
    expect(spool.released.at(-1)).toEqual({
      cursor: {
        producer: someProducer,
        seq: 0,
        merged: 0,
        hash: '',
        isComplete: true,
        clicks: 0,
        lost: 0,
      },
      knownUpTo: 2,
    });
    const cursor = store.findCursor(someProducer) as ClickCursor;
    ownCursors.set(someProducer, { ...cursor, isComplete: false });
    expect(await shipper.confirm()).toBe(true);
    ownCursors.set(someProducer, cursor);
    expect(await shipper.confirm()).toBe(false);
    expect(spool.released.at(-1)).toEqual({ cursor, knownUpTo: 2 });
  });

  it('lets go only of what is known to be ours, or was there before', async () => {
    putBatches(1, 2);
    start();
    await shipper.confirm();
    expect(spool.released.at(-1)?.knownUpTo).toBe(2);
    putBatches(3, 4);
    await shipper.confirm();
    expect(spool.released.at(-1)?.knownUpTo).toBe(2);
    await shipAll();
    await shipper.confirm();
    expect(spool.released.at(-1)?.knownUpTo).toBe(4);
  });

  it('rejects when it cannot be read', async () => {
    putBatches(1, 1);
    ownCursors.get = () => {
      throw new Error('busy');
    };
    await expect(shipper.confirm()).rejects.toThrow('busy');
  });
});
