import { beforeEach, describe, expect, it } from 'vitest';
import { maxDeliveryBytes } from '../../src/clicks/shipping/delivery.ts';
import type { ClickCursor, ProducerId } from '../../src/domain/click-cursor.ts';
import { Failure } from '../../src/domain/failure.ts';
import { NotPrimary } from '../../src/domain/not-primary.ts';
import { type LogLine, rememberingLog } from '../support/logged.ts';
import { someProducer } from '../support/sealed-batch.ts';
import { systemError } from '../support/simulated-disk.ts';
import { TestShipping } from '../support/test-shipping.ts';

const other = 'f'.repeat(32) as ProducerId;

let shipping: TestShipping;

beforeEach(() => {
  shipping = new TestShipping();
});

describe('a shipper', () => {
  it('asks how far the primary is, and ships from there in order', async () => {
    expect(await shipping.shipAll()).toEqual([]);
    shipping.putBatches(1, 3);
    expect(await shipping.shipAll()).toEqual(['ask', '1 2 3']);
    shipping.putBatches(4, 5);
    expect(await shipping.shipAll()).toEqual(['4 5']);
    expect(shipping.clicksOf(1, 2, 3, 4, 5)).toEqual([1, 1, 1, 1, 1]);
    expect(shipping.shipper.readCounts()).toEqual({
      batches: 5,
      clicks: 5,
      failures: 0,
      lost: 0,
      conflicts: 0,
    });
  });

  it('puts no more into a delivery than it may have, and at least one batch', async () => {
    const third = Math.floor(maxDeliveryBytes / 3);
    shipping.putBatches(1, 3, { bytes: third });
    shipping.putBatches(4, 5, { bytes: maxDeliveryBytes + 1 });
    expect(await shipping.shipAll()).toEqual(['ask', '1 2', '3', '4', '5']);
  });

  it('asks after a delivery without an answer, rather than send it all again', async () => {
    shipping.putBatches(1, 2);
    shipping.intercept = ({ batches }) => (batches.length > 0 ? undefined : 'pass');
    expect(await shipping.shipAll()).toEqual(['ask', '1 2', 'failed']);
    expect(shipping.shipper.readCounts().failures).toBe(1);
    shipping.intercept = () => {
      throw new Error('connection refused');
    };
    expect(await shipping.shipAll()).toEqual(['ask', 'failed']);
    shipping.intercept = undefined;
    expect(await shipping.shipAll()).toEqual(['ask', '1 2']);
  });

  it('believes a primary that counted what it gave no answer to', async () => {
    shipping.putBatches(1, 2);
    shipping.intercept = (delivery) => {
      if (delivery.batches.length === 0) return 'pass';
      shipping.count(...delivery.batches.map((bytes) => ({ bytes })));
      return undefined;
    };
    expect(await shipping.shipAll()).toEqual(['ask', '1 2', 'failed']);
    shipping.intercept = undefined;
    // The newest once more, to learn that it is the one.
    expect(await shipping.shipAll()).toEqual(['ask', '2']);
    expect(shipping.clicksOf(1, 2)).toEqual([1, 1]);
  });

  it('takes turns with the producers of a volume', async () => {
    const large = { bytes: maxDeliveryBytes };
    shipping.putBatches(1, 3, large);
    shipping.putBatches(1, 3, { ...large, producer: other, isInherited: true });
    expect(await shipping.shipAll()).toEqual([
      'ask',
      'f: ask',
      '1',
      'f: 1',
      '2',
      'f: 2',
      '3',
      'f: 3',
    ]);
  });

  it('fails when the primary says the same again and again', async () => {
    shipping.putBatches(1, 1);
    const answer = { epoch: 1, merged: 0, expected: 1, clicks: 0 };
    shipping.intercept = () => ({ ...answer, outcome: 'gap' });
    expect(await shipping.shipAll()).toEqual(['ask', 'failed']);
    shipping.intercept = ({ batches }) =>
      batches.length === 0 ? 'pass' : { ...answer, outcome: 'gap' };
    expect(await shipping.shipAll()).toEqual(['ask', '1', 'failed']);
  });
});

describe('a step', () => {
  it('never rejects: a defect holds up its producer until it is asked again, and no other', async () => {
    shipping.putBatches(1, 1);
    shipping.putBatches(1, 1, { producer: other });
    const listBatches = shipping.spool.listBatches.bind(shipping.spool);
    shipping.spool.listBatches = (producer) => {
      if (producer === someProducer) throw new RangeError('a defect');
      return listBatches(producer);
    };
    expect(await shipping.shipAll()).toEqual(['f: ask', 'f: 1']);
    expect(shipping.shipper.readCounts().failures).toBe(1);
    shipping.spool.listBatches = listBatches;
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask', 'f: ask', '1']);
  });
});

describe('what cannot be shipped', () => {
  const message = 'clicks cannot be shipped';
  let lines: LogLine[];

  /** What is logged, debugging apart, when the primary answers so. */
  async function logOf(intercept: TestShipping['intercept']): Promise<LogLine[]> {
    shipping.intercept = intercept;
    lines.length = 0;
    await shipping.shipAll();
    return lines.filter(({ level }) => level > 20);
  }

  beforeEach(() => {
    const remembering = rememberingLog();
    lines = remembering.lines;
    shipping.log = remembering.log;
    shipping.restart();
    shipping.putBatches(1, 1);
  });

  it.each<[string, Error]>([
    ['a failure', new Failure('unavailable', 'The primary answered 401.')],
    ['a node that is primary no more', new NotPrimary()],
    ['a network', systemError('ECONNREFUSED', 'connect')],
    ['a name that is not found', systemError('EAI_AGAIN', 'getaddrinfo')],
    ['an aborted request', systemError('ABORT_ERR', 'request')],
    ['time', new DOMException('too late', 'TimeoutError')],
  ])('because of %s is a warning, with the reason, at most once a minute', async (_, error) => {
    const fail = () => {
      throw error;
    };
    const warning = { level: 40, msg: message, err: { message: error.message } };
    expect(await logOf(fail)).toMatchObject([{ ...warning, failures: 1 }]);
    expect(await logOf(fail)).toEqual([]);
    shipping.clock.advance(59_999);
    expect(await logOf(fail)).toEqual([]);
    shipping.clock.advance(1);
    expect(await logOf(fail)).toMatchObject([{ ...warning, failures: 3 }]);
  });

  it('because there is no primary, or it counts nothing, is one too', async () => {
    expect(await logOf(() => undefined)).toMatchObject([
      { level: 40, msg: message, no_primary: 1 },
    ]);
    const answer = { outcome: 'gap', epoch: 1, merged: 0, expected: 1, clicks: 0 } as const;
    shipping.clock.advance(60_000);
    expect(await logOf(() => answer)).toMatchObject([{ level: 40, msg: message, no_progress: 1 }]);
  });

  it.each([
    new TypeError('a defect'),
    Object.assign(new Error('malformed'), { code: 'SQLITE_CORRUPT' }),
    Object.assign(new Error('a defect'), { code: 'ERR_INVALID_ARG_TYPE' }),
  ])('because of %s is an error', async (error) => {
    const fail = () => {
      throw error;
    };
    expect(await logOf(fail)).toMatchObject([
      { level: 50, msg: 'delivery failed', err: { message: error.message } },
    ]);
  });
});

describe('a shipper that starts', () => {
  it('tries the newest batch that should be counted once more, and ships from there', async () => {
    shipping.putBatches(1, 4);
    await shipping.shipAll();
    shipping.putBatches(5, 6);
    shipping.restart();
    expect(await shipping.shipAll()).toEqual(['ask', '4', '5 6']);
    expect(shipping.clicksOf(1, 2, 3, 4, 5, 6)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('does so again when the primary is another, and when it may be another', async () => {
    shipping.putBatches(1, 2);
    await shipping.shipAll();
    shipping.takeOver();
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask', '2']);
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask']);
    shipping.shipper.forget();
    expect(await shipping.shipAll()).toEqual(['ask', '2']);
  });

  it('hears of a new epoch from the answer to a delivery, of which nothing was counted', async () => {
    shipping.putBatches(1, 1);
    await shipping.shipAll();
    shipping.takeOver();
    shipping.putBatches(2, 2);
    expect(await shipping.shipAll()).toEqual(['2', '1', '2']);
    expect(shipping.clicksOf(1, 2)).toEqual([1, 1]);
  });
});

describe('a primary that went back in time', () => {
  it('gets again what it lost', async () => {
    const before = shipping.store.commits;
    shipping.putBatches(1, 2);
    await shipping.shipAll();
    const between = shipping.store.commits;
    shipping.putBatches(3, 4);
    await shipping.shipAll();
    shipping.takeOver(between);
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask', '2', '3 4']);
    shipping.takeOver(before);
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask', '1 2 3 4']);
    expect(shipping.clicksOf(1, 2, 3, 4)).toEqual([1, 1, 1, 1]);
  });

  it('is told what is lost when it is no longer there', async () => {
    const [first, second] = shipping.putBatches(1, 4);
    await shipping.shipAll();
    shipping.spool.remove(first as never);
    shipping.spool.remove(second as never);
    shipping.takeOver([]);
    shipping.shipper.askAgain();
    expect(await shipping.shipAll()).toEqual(['ask', '3 4 lost from 1']);
    expect(shipping.shipper.readCounts().lost).toBe(2);
    expect(shipping.store.findCursor(someProducer)).toMatchObject({ seq: 4, clicks: 4, lost: 2 });
  });

  it('is told so batch by batch where there are holes, and the loss is counted once', async () => {
    const batches = shipping.putBatches(1, 6);
    for (const at of [0, 2, 3]) shipping.spool.remove(batches[at] as never);
    let isFirst = true;
    shipping.intercept = ({ lostFrom }) => {
      if (lostFrom === undefined || !isFirst) return 'pass';
      isFirst = false;
      return undefined;
    };
    expect(await shipping.shipAll()).toEqual(['ask', '2 lost from 1', 'failed']);
    expect(await shipping.shipAll()).toEqual(['ask', '2 lost from 1', '5 6 lost from 3']);
    expect(shipping.shipper.readCounts().lost).toBe(3);
    expect(shipping.store.findCursor(someProducer)).toMatchObject({ clicks: 6, lost: 3 });
  });

  it('was told, whether its answer arrived or not', async () => {
    const [first] = shipping.putBatches(1, 2);
    shipping.spool.remove(first as never);
    shipping.intercept = ({ lostFrom, batches: [bytes] }) => {
      if (lostFrom === undefined) return 'pass';
      shipping.count({ bytes: bytes as Uint8Array, lostFrom });
      return undefined;
    };
    expect(await shipping.shipAll()).toEqual(['ask', '2 lost from 1', 'failed']);
    expect(await shipping.shipAll()).toEqual(['ask', '2']);
    expect(shipping.shipper.readCounts().lost).toBe(1);
  });
});

describe('what this node’s own copy counts', () => {
  it('is told to the spool, and whether something is missing there', async () => {
    shipping.putBatches(1, 2);
    await shipping.shipAll();
    expect(await shipping.shipper.confirm()).toBe(true);
    expect(shipping.spool.released.at(-1)).toEqual({
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
    const cursor = shipping.store.findCursor(someProducer) as ClickCursor;
    shipping.ownCursors.set(someProducer, { ...cursor, isComplete: false });
    expect(await shipping.shipper.confirm()).toBe(true);
    shipping.ownCursors.set(someProducer, cursor);
    expect(await shipping.shipper.confirm()).toBe(false);
    expect(shipping.spool.released.at(-1)).toEqual({ cursor, knownUpTo: 2 });
  });

  it('lets go only of what the primary knows to be ours, also of what was there before', async () => {
    shipping.putBatches(1, 2);
    shipping.restart();
    await shipping.shipper.confirm();
    expect(shipping.spool.released.at(-1)?.knownUpTo).toBe(0);
    await shipping.shipAll();
    shipping.putBatches(3, 4);
    await shipping.shipper.confirm();
    expect(shipping.spool.released.at(-1)?.knownUpTo).toBe(2);
    await shipping.shipAll();
    await shipping.shipper.confirm();
    expect(shipping.spool.released.at(-1)?.knownUpTo).toBe(4);
  });

  it('lets nothing go on the word of an earlier primary', async () => {
    shipping.putBatches(1, 2);
    await shipping.shipAll();
    await shipping.shipper.confirm();
    expect(shipping.spool.released.at(-1)?.knownUpTo).toBe(2);
    shipping.shipper.forget();
    await shipping.shipper.confirm();
    expect(shipping.spool.released.at(-1)?.knownUpTo).toBe(0);
    await shipping.shipAll();
    await shipping.shipper.confirm();
    expect(shipping.spool.released.at(-1)?.knownUpTo).toBe(2);
    shipping.takeOver([]);
    shipping.shipper.askAgain();
    await shipping.shipper.step();
    await shipping.shipper.confirm();
    expect(shipping.spool.released.at(-1)?.knownUpTo).toBe(0);
  });

  it('rejects when it cannot be read', async () => {
    shipping.putBatches(1, 1);
    shipping.ownCursors.get = () => {
      throw new Error('busy');
    };
    await expect(shipping.shipper.confirm()).rejects.toThrow('busy');
  });
});
