import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { mapInOrder } from '../../src/backup/map-in-order.ts';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

it('gives results in the order of the items, with so many at a time and no more', async () => {
  let running = 0;
  let most = 0;
  const work = async (n: number) => {
    running += 1;
    most = Math.max(most, running);
    await delay(n % 3);
    running -= 1;
    return n * 2;
  };
  const items = Array.from({ length: 20 }, (_, n) => n);
  expect(await collect(mapInOrder(items, 3, work))).toEqual(items.map((n) => n * 2));
  expect(most).toBe(3);
});

it('begins nothing that is not asked for, so that not more is in memory', async () => {
  const begun: number[] = [];
  const results = mapInOrder([1, 2, 3, 4, 5, 6], 2, async (n) => begun.push(n));
  await results.next();
  await delay(5);
  expect(begun).toEqual([1, 2]);
  await results.return();
  expect(begun).toEqual([1, 2]);
});

it('aborts what is under way when one fails, waits for it, and closes the source', async () => {
  const ended: string[] = [];
  async function* source() {
    try {
      yield* ['fails', 'waits', 'never'];
    } finally {
      ended.push('source');
    }
  }
  const work = async (what: string, signal: AbortSignal) => {
    if (what === 'fails') throw new Error('no');
    try {
      await delay(60_000, undefined, { signal });
    } finally {
      ended.push(what);
    }
  };
  await expect(collect(mapInOrder(source(), 2, work))).rejects.toThrow('no');
  expect(ended.toSorted()).toEqual(['source', 'waits']);
});

it('ends when it is told to', async () => {
  const stop = new AbortController();
  const work = (n: number, signal: AbortSignal) => {
    if (n === 2) stop.abort(new Error('enough'));
    return delay(60_000, n, { signal });
  };
  await expect(collect(mapInOrder([1, 2, 3], 2, work, stop.signal))).rejects.toThrow(
    /abort|enough/i,
  );
});
