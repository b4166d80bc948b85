import { describe, expect, it } from 'vitest';
import { ShipLine } from '../../src/clicks/shipping/ship-line.ts';
import type { SpooledBatch } from '../../src/clicks/spooled-batches.ts';
import { someProducer } from '../support/sealed-batch.ts';

describe('the line of a producer', () => {
  it('tries the newest batch that the primary has a number for, and then sends what comes next', () => {
    const batches = watched(Array.from({ length: 20_001 }, (_, index) => batchOf(index + 1, 0)));
    const [tried, next] = [batches.list[19_999], batches.list[20_000]];
    const line = askedLine(20_001);
    expect(line.plan(batches.list)).toMatchObject({ batches: [tried], isTrial: true });
    line.agreeOn(tried as SpooledBatch);
    expect(line.plan(batches.list)).toMatchObject({ batches: [next], isTrial: false });
    expect(line.knownUpTo).toBe(20_000);
    expect(batches.reads()).toBeLessThan(1_000);
  });

  it('sends what is absent at the primary once it is known not to differ', () => {
    const list = [batchOf(1, 1), batchOf(2, 1), batchOf(3, 1)];
    const [first, second, third] = list as [SpooledBatch, SpooledBatch, SpooledBatch];
    const line = askedLine(4);
    expect(line.plan(list)).toMatchObject({ batches: [third], isTrial: true });
    line.noteAbsent(third);
    expect(line.plan(list)).toMatchObject({ batches: [second], isTrial: true });
    line.noteAbsent(second);
    expect(line.plan(list)).toMatchObject({ batches: [first], isTrial: true });
    line.agreeOn(first);
    expect(line.plan(list)).toMatchObject({ batches: [second], isTrial: false });
    expect(line.knownUpTo).toBe(0);
    line.agreeOn(second);
    expect(line.plan(list)).toMatchObject({ batches: [third], isTrial: false });
    line.agreeOn(third);
    expect(line.plan(list)).toBeUndefined();
    expect(line.knownUpTo).toBe(3);
  });

  it('issues what is absent again with what differs before it', () => {
    const list = [batchOf(1, 1), batchOf(2, 1)];
    const [first, second] = list as [SpooledBatch, SpooledBatch];
    const line = askedLine(3);
    line.plan(list);
    line.noteAbsent(second);
    line.plan(list);
    line.disagreeOn(first);
    expect(line.plan(list)).toEqual({ is: 'reissue', batch: first });
  });

  it('sends batches without clicks that the primary does not have', () => {
    const list = [batchOf(1, 0), batchOf(2, 0)];
    expect(askedLine(1).plan(list)).toMatchObject({ is: 'send', batches: list, isTrial: false });
  });
});

/** A line whose primary wants this batch next. */
function askedLine(expected: number): ShipLine {
  const line = new ShipLine(someProducer, expected - 1);
  line.hear({ epoch: 1, outcome: 'ok', merged: 0, expected, clicks: 0 });
  return line;
}

function batchOf(seq: number, clicks: number): SpooledBatch {
  const facts = { clicksBefore: 0, bytes: 100, isRecovered: false, isInherited: false };
  return { producer: someProducer, seq, clicks, ...facts };
}

/** The same batches, with the number of times that one was looked at. */
function watched(batches: SpooledBatch[]): { list: SpooledBatch[]; reads: () => number } {
  let reads = 0;
  const list = new Proxy(batches, {
    get(target, key) {
      reads += 1;
      return Reflect.get(target, key);
    },
  });
  return { list, reads: () => reads };
}
