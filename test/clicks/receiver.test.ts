import { beforeEach, describe, expect, it } from 'vitest';
import { type DeliveryAnswer, encodeDelivery } from '../../src/clicks/shipping/delivery.ts';
import { Receiver } from '../../src/clicks/shipping/receiver.ts';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import { Failure } from '../../src/domain/failure.ts';
import { mergeClicks } from '../../src/domain/merge-clicks.ts';
import { NotPrimary } from '../../src/domain/not-primary.ts';
import type { ClickWriter, MergeClicksInput } from '../../src/domain/writer.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { MemoryClickStore } from '../support/memory-click-store.ts';
import { type BatchOfTicks, sealBatch, someProducer, someTimeMs } from '../support/sealed-batch.ts';
import { silentLog } from '../support/silent-log.ts';

const producers = ['a', 'b', 'c'].map((digit) => digit.repeat(32) as ProducerId);
const [one, two] = producers as [ProducerId, ProducerId];

/** A writer whose transactions wait for a test when it says so. */
class TestWriter {
  readonly calls: MergeClicksInput[] = [];
  readonly store: MemoryClickStore;
  readonly epoch: number;
  /** Rows of a transaction; a click is in 16, 8 of which it shares with all others. */
  maxRows = 5_000;
  isHeld = false;
  error: unknown;
  #waiting: (() => void)[] = [];

  constructor(store: MemoryClickStore, epoch: number) {
    this.store = store;
    this.epoch = epoch;
  }

  async count(name: string, input: MergeClicksInput) {
    expect(name).toBe('mergeClicks');
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.error !== undefined) throw this.error;
    if (input.batches.length > 0) this.calls.push(input);
    this.store.begin();
    const value = mergeClicks(this.store, input, { maxRows: this.maxRows });
    this.store.commit();
    return { value, position: undefined, epoch: this.epoch };
  }

  /** Lets transactions go on: those that wait, and later ones. */
  go(): void {
    this.isHeld = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const clock = fakeClock(someTimeMs);
let store: MemoryClickStore;
let writer: TestWriter | Error;
let receiver: Receiver;
/** How long each round took, and what is to follow it, milliseconds. */
let rounds: number[];
let restMs: number;

beforeEach(() => {
  store = new MemoryClickStore();
  writer = new TestWriter(store, 7);
  rounds = [];
  restMs = 0;
  receiver = new Receiver({
    writers: {
      clickWriter() {
        if (writer instanceof Error) throw writer;
        return writer as unknown as ClickWriter;
      },
    },
    findCursor: async (producer) => store.findCursor(producer),
    clock,
    datedForMs: 90 * 86_400_000,
    findRestMs: (tookMs) => {
      rounds.push(tookMs);
      return restMs;
    },
    log: silentLog,
  });
});

function testWriter(): TestWriter {
  return writer as TestWriter;
}

/** A batch of one click of each of these links. */
function batchOf(producer: ProducerId, seq: number, links: readonly number[], more = {}) {
  const batch: BatchOfTicks = {
    producer,
    seq,
    clicksBefore: seq - 1,
    ticks: links.map((linkId) => ({ clicks: [{ linkId }] })),
    ...more,
  };
  return sealBatch(batch);
}

function deliver(
  producer: ProducerId,
  batches: readonly Uint8Array[],
  more: { epoch?: number; lostFrom?: number; isTrial?: boolean } = {},
): Promise<{ status: number; body: DeliveryAnswer }> {
  return receiver.receive(encodeDelivery({ producer, epoch: 7, isTrial: false, ...more, batches }));
}

function clicksOf(linkId: number): number {
  return store.totals.get(linkId)?.clicks ?? 0;
}

describe('a trial', () => {
  it('is answered with what is counted under its number, and counts nothing', async () => {
    const [one] = producers as [ProducerId];
    await deliver(one, [batchOf(one, 3, [1])], { lostFrom: 1 });
    const trial = await deliver(one, [batchOf(one, 2, [9])], { isTrial: true });
    expect(trial).toMatchObject({
      status: 409,
      body: { outcome: 'absent', merged: 0, expected: 4 },
    });
    expect(clicksOf(9)).toBe(0);
  });
});

describe('a delivery without batches', () => {
  it('asks how far a producer is', async () => {
    const nothing = { epoch: 7, outcome: 'ok', merged: 0, expected: 1, clicks: 0 };
    expect(await deliver(one, [], { epoch: 0 })).toEqual({ status: 200, body: nothing });
    await deliver(one, [batchOf(one, 1, [1, 2])]);
    expect((await deliver(one, [], { epoch: 0 })).body).toEqual({
      ...nothing,
      expected: 2,
      clicks: 2,
    });
    expect((await deliver(two, [], { epoch: 0 })).body).toEqual(nothing);
  });

  it('counts nothing, so it needs no transaction once the epoch is known', async () => {
    await deliver(one, []);
    testWriter().error = new Error('must not be asked');
    expect((await deliver(one, [])).status).toBe(200);
  });
});

describe('a delivery with batches', () => {
  it('is counted in order, and answered with how far the producer is', async () => {
    const batches = [batchOf(one, 1, [1]), batchOf(one, 2, [2, 3]), batchOf(one, 3, [4])];
    expect(await deliver(one, batches)).toEqual({
      status: 200,
      body: { epoch: 7, outcome: 'ok', merged: 3, expected: 4, clicks: 3 },
    });
    expect([1, 2, 3, 4].map(clicksOf)).toEqual([1, 1, 1, 1]);
    expect(testWriter().calls).toHaveLength(1);
    expect(testWriter().calls[0]).toMatchObject({
      nowMs: clock.now(),
      datedForMs: 90 * 86_400_000,
    });
  });

  it('is answered with the first batch that cannot be counted, and no later one is', async () => {
    await deliver(one, [batchOf(one, 1, [1])]);
    const gap = [batchOf(one, 2, [2]), batchOf(one, 4, [4]), batchOf(one, 5, [5])];
    expect(await deliver(one, gap)).toEqual({
      status: 409,
      body: { epoch: 7, outcome: 'gap', merged: 1, expected: 3, clicks: 2 },
    });
    const conflict = [batchOf(one, 2, [2]), batchOf(one, 1, [9]), batchOf(one, 3, [3])];
    expect(await deliver(one, conflict)).toEqual({
      status: 409,
      body: { epoch: 7, outcome: 'conflict', merged: 1, expected: 3, clicks: 2 },
    });
    const invalid = [batchOf(one, 3, [3]), Buffer.from('no batch'), batchOf(one, 5, [5])];
    expect(await deliver(one, invalid)).toEqual({
      status: 400,
      body: {
        epoch: 7,
        outcome: 'invalid',
        merged: 1,
        expected: 4,
        clicks: 3,
        detail: expect.stringContaining('no batch'),
      },
    });
    expect([1, 2, 3, 4, 5, 9].map(clicksOf)).toEqual([1, 1, 1, 0, 0, 0]);
  });

  it('can declare what is lost before its first batch', async () => {
    const batches = [batchOf(one, 4, [4]), batchOf(one, 5, [5])];
    expect((await deliver(one, batches)).body.outcome).toBe('gap');
    expect((await deliver(one, batches, { lostFrom: 1 })).body).toMatchObject({
      outcome: 'ok',
      merged: 2,
      expected: 6,
    });
    expect(store.findCursor(one)?.lost).toBe(3);
  });

  it('for another epoch is not counted, and answered with how it is in this one', async () => {
    await deliver(one, [batchOf(one, 1, [1])]);
    for (const epoch of [0, 6, 8]) {
      expect((await deliver(one, [batchOf(one, 2, [2])], { epoch })).body).toEqual({
        epoch: 7,
        outcome: 'ok',
        merged: 0,
        expected: 2,
        clicks: 1,
      });
    }
    expect(clicksOf(2)).toBe(0);
  });

  it('that is none is invalid, and tells nothing of any producer', async () => {
    const body = Buffer.from('hello');
    expect(await receiver.receive(body)).toEqual({
      status: 400,
      body: {
        epoch: 0,
        outcome: 'invalid',
        merged: 0,
        expected: 0,
        clicks: 0,
        detail: 'These bytes are no delivery of clicks.',
      },
    });
  });
});

describe('deliveries that wait', () => {
  it('share a transaction, and each has its own answer', async () => {
    await deliver(one, [batchOf(one, 1, [1])]);
    testWriter().isHeld = true;
    const answers = [
      deliver(two, [batchOf(two, 1, [2])]),
      deliver(one, [batchOf(one, 1, [9])]),
      deliver(producers[2] as ProducerId, [batchOf(producers[2] as ProducerId, 2, [3])]),
      deliver(two, [batchOf(two, 1, [2]), batchOf(two, 2, [4])]),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    testWriter().go();
    const bodies = (await Promise.all(answers)).map(({ body }) => [body.outcome, body.merged]);
    expect(bodies).toEqual([
      ['ok', 1],
      ['conflict', 0],
      ['gap', 0],
      ['ok', 2],
    ]);
    // The one that began, and one with all that came meanwhile.
    expect(
      testWriter()
        .calls.slice(1)
        .map(({ batches }) => batches.length),
    ).toEqual([1, 4]);
    expect([1, 2, 3, 4, 9].map(clicksOf)).toEqual([1, 1, 0, 1, 0]);
  });

  it('are counted in turn, so that a backlog holds up no fresh clicks', async () => {
    await deliver(one, []);
    testWriter().maxRows = 16;
    testWriter().isHeld = true;
    const links = Array.from({ length: 30 }, (_, index) => 100 + index);
    const done: string[] = [];
    const answers = [
      deliver(one, [batchOf(one, 1, links)]).then(() => done.push('backlog')),
      deliver(two, [batchOf(two, 1, [1])]).then(() => done.push('fresh')),
    ];
    testWriter().go();
    await Promise.all(answers);
    expect(done).toEqual(['fresh', 'backlog']);
    expect(links.map(clicksOf)).toEqual(links.map(() => 1));
    expect(testWriter().calls.length).toBeLessThanOrEqual(32);
  });

  it('for long are answered with what is counted of them', async () => {
    await deliver(one, []);
    testWriter().maxRows = 16;
    testWriter().isHeld = true;
    const answer = deliver(one, [batchOf(one, 1, [1, 2, 3]), batchOf(one, 2, [4])]);
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(2_001);
    testWriter().go();
    expect((await answer).body).toEqual({
      epoch: 7,
      outcome: 'ok',
      merged: 0,
      expected: 1,
      clicks: 1,
    });
    expect([1, 2, 3, 4].map(clicksOf)).toEqual([1, 0, 0, 0]);
  });

  it('give a transaction no more bytes than it is likely to count', async () => {
    await deliver(one, []);
    const sizes: number[][] = [];
    testWriter().count = async (_, { batches }) => {
      sizes.push(batches.map(({ bytes }) => bytes.length));
      const cursor = { producer: one, seq: 1, merged: 1, hash: '', isComplete: true };
      const value = batches.map(() => ({
        is: 'merged' as const,
        cursor: { ...cursor, clicks: 1, lost: 0 },
      }));
      return { value, position: undefined, epoch: 7 };
    };
    const batches = [100_000, 200_000, 300_000, 600_000, 1].map((size) => new Uint8Array(size));
    expect((await deliver(one, batches)).body.merged).toBe(5);
    expect(sizes).toEqual([[100_000, 200_000], [300_000], [600_000], [1]]);
  });

  it('are bounded', async () => {
    await deliver(one, []);
    testWriter().isHeld = true;
    const waiting = Array.from({ length: 64 }, () => deliver(one, [batchOf(one, 1, [1])]));
    await new Promise((resolve) => setImmediate(resolve));
    await expect(deliver(two, [batchOf(two, 1, [1])])).rejects.toMatchObject({
      kind: 'unavailable',
    });
    testWriter().go();
    await Promise.all(waiting);
    expect(clicksOf(1)).toBe(1);
    expect((await deliver(two, [batchOf(two, 1, [1])])).body.outcome).toBe('ok');
  });
});

describe('a receiver whose writer fails', () => {
  it('says so to all whose batches were in the transaction, and goes on', async () => {
    await deliver(one, []);
    testWriter().error = new Failure('unavailable', 'It is not known what became of it.');
    await expect(deliver(one, [batchOf(one, 1, [1])])).rejects.toThrow('not known');
    testWriter().error = undefined;
    expect((await deliver(one, [batchOf(one, 1, [1])])).body.merged).toBe(1);
  });

  it('does not take an epoch for known that it could not learn', async () => {
    testWriter().error = new Failure('unavailable', 'Too many writes are waiting.');
    await expect(deliver(one, [])).rejects.toThrow('Too many');
    testWriter().error = undefined;
    expect((await deliver(one, [])).body.epoch).toBe(7);
  });

  it('passes on that this node is not the primary', async () => {
    writer = new NotPrimary();
    await expect(deliver(one, [batchOf(one, 1, [1])])).rejects.toBeInstanceOf(NotPrimary);
  });

  it('counts nothing in one term as primary of what came in another', async () => {
    await deliver(one, []);
    const old = testWriter();
    old.isHeld = true;
    const before = deliver(one, [batchOf(one, 1, [1])]);
    await new Promise((resolve) => setImmediate(resolve));
    writer = new TestWriter(store, 8);
    const stale = deliver(one, [batchOf(one, 1, [1])]);
    const fresh = deliver(two, [batchOf(two, 1, [2])], { epoch: 8 });
    old.error = new Failure('unavailable', 'The writer of this node has ended.');
    old.go();
    await expect(before).rejects.toThrow('has ended');
    expect((await stale).body).toMatchObject({ epoch: 8, merged: 0, expected: 1 });
    expect((await fresh).body).toMatchObject({ epoch: 8, merged: 1, expected: 2 });
    expect([1, 2].map(clicksOf)).toEqual([0, 1]);
  });

  it('does not go round in circles with a writer that counts nothing', async () => {
    await deliver(one, []);
    testWriter().count = async () => ({ value: [], position: undefined, epoch: 7 });
    await expect(deliver(one, [batchOf(one, 1, [1])])).rejects.toThrow('nowhere');
  });
});

it('needs the id of no producer but those of its deliveries', async () => {
  const answer = await deliver(someProducer, [batchOf(someProducer, 1, [1])]);
  expect(answer.body.outcome).toBe('ok');
});

describe('between two rounds', () => {
  it('others have their turn, as long as it says that follows from what a round took', async () => {
    await deliver(one, [], { epoch: 0 });
    testWriter().isHeld = true;
    const first = deliver(one, [batchOf(one, 1, [1])]);
    await new Promise(setImmediate);
    clock.advance(40);
    restMs = 1_000_000;
    testWriter().go();
    expect((await first).body).toMatchObject({ merged: 1 });
    void deliver(one, [batchOf(one, 2, [2])]);
    await new Promise(setImmediate);
    expect(rounds).toEqual([40]);
    expect(testWriter().calls).toHaveLength(1);
  });

  it('no more than that goes by', async () => {
    restMs = 1;
    for (const seq of [1, 2, 3]) {
      expect((await deliver(one, [batchOf(one, seq, [seq])])).body).toMatchObject({ merged: 1 });
    }
    expect(rounds).toEqual([0, 0, 0]);
  });
});
