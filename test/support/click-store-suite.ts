import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClickCursor, ProducerId } from '../../src/domain/click-cursor.ts';
import type { ClickStore, RollupKey } from '../../src/domain/click-store.ts';

/** One empty store. */
export interface OpenClickStore {
  /** Runs `work` as one transaction of the writer; what it throws undoes it. */
  run<T>(work: (store: ClickStore) => T): T;
  close(): void;
}

/** What every implementation of `ClickStore` holds, by name of the implementation. */
export function clickStoreSuite(name: string, open: () => OpenClickStore): void {
  describe(`a click store ${name}`, () => {
    let opened: OpenClickStore;
    beforeEach(() => {
      opened = open();
    });
    afterEach(() => opened.close());

    const producer = 'a'.repeat(32) as ProducerId;
    const other = 'b'.repeat(32) as ProducerId;
    const cursor = (given: Partial<ClickCursor> = {}): ClickCursor => ({
      producer,
      seq: 1,
      merged: 2 ** 40,
      hash: '0'.repeat(64),
      isComplete: true,
      clicks: Number.MAX_SAFE_INTEGER,
      lost: 3,
      ...given,
    });

    test('gives a cursor back as it was put last, of each producer', () => {
      expect(opened.run((store) => store.findCursor(producer))).toBeUndefined();
      opened.run((store) => {
        store.putCursor(cursor());
        store.putCursor(cursor({ producer: other, seq: 9 }));
        store.putCursor(cursor({ seq: 2, isComplete: false, merged: 0, lost: 0 }));
      });
      expect(opened.run((store) => store.findCursor(producer))).toEqual(
        cursor({ seq: 2, isComplete: false, merged: 0, lost: 0 }),
      );
      expect(opened.run((store) => store.findCursor(other))).toEqual(
        cursor({ producer: other, seq: 9 }),
      );
    });

    test('knows the hashes of the last 100 batches of a producer, and of no other', () => {
      opened.run((store) => {
        store.putBatchHash(other, 1, 'other');
        for (let seq = 1; seq <= 150; seq += 1) store.putBatchHash(producer, seq, `hash ${seq}`);
        store.putBatchHash(producer, 150, 'again');
      });
      opened.run((store) => {
        expect(store.findBatchHash(producer, 50)).toBeUndefined();
        expect(store.findBatchHash(producer, 51)).toBe('hash 51');
        expect(store.findBatchHash(producer, 150)).toBe('again');
        expect(store.findBatchHash(producer, 151)).toBeUndefined();
        expect(store.findBatchHash(other, 1)).toBe('other');
      });
    });

    const key = (given: Partial<RollupKey> = {}): RollupKey => ({
      dimension: 'referrer',
      hour: 490_000,
      linkId: 7_000_000_000_000_123,
      value: 'news.example',
      ...given,
    });
    const one = { clicks: 1, bots: 0, visitors: 1 };

    test.each([
      ['dimension', { dimension: 'country' }],
      ['hour', { hour: 490_001 }],
      ['link', { linkId: 8 }],
      ['value', { value: 'NEWS.example' }],
    ] as const)('has no rollup that differs by its %s', (_, different) => {
      opened.run((store) => {
        expect(store.hasRollup(key())).toBe(false);
        store.addRollup(key(), one);
        // Every word and link is known by itself.
        store.addRollup(key({ ...different, hour: 1 }), one);
      });
      opened.run((store) => {
        expect(store.hasRollup(key())).toBe(true);
        expect(store.hasRollup(key(different))).toBe(false);
      });
    });

    test('has a rollup of all clicks of a link and hour', () => {
      const all = key({ dimension: 'all', value: '' });
      opened.run((store) => store.addRollup(key(), one));
      expect(opened.run((store) => store.hasRollup(all))).toBe(false);
      opened.run((store) => store.addRollup(all, one));
      expect(opened.run((store) => store.hasRollup(all))).toBe(true);
    });

    test('counts the values of a link and hour in one dimension, the unknown one too', () => {
      opened.run((store) => {
        expect(store.countValues('referrer', 490_000, key().linkId)).toBe(0);
        for (const value of ['', 'a.example', 'b.example', 'a.example']) {
          store.addRollup(key({ value }), one);
        }
        store.addRollup(key({ dimension: 'os' }), one);
        store.addRollup(key({ hour: 490_001 }), one);
        store.addRollup(key({ linkId: 9 }), one);
      });
      expect(opened.run((store) => store.countValues('referrer', 490_000, key().linkId))).toBe(3);
    });

    test('undoes all of a transaction that fails, and counts anew what is new', () => {
      const failing = () =>
        opened.run((store) => {
          store.addRollup(key(), one);
          store.addTotal(key().linkId, one, 0);
          store.putCursor(cursor());
          throw new Error('as told');
        });
      expect(failing).toThrow('as told');
      opened.run((store) => {
        expect(store.findCursor(producer)).toBeUndefined();
        expect(store.hasRollup(key())).toBe(false);
        store.addRollup(key({ linkId: 5, value: 'first.example' }), one);
        store.addRollup(key(), one);
      });
      opened.run((store) => {
        expect(store.hasRollup(key())).toBe(true);
        expect(store.hasRollup(key({ linkId: 5 }))).toBe(false);
        expect(store.countValues('referrer', 490_000, key().linkId)).toBe(1);
      });
    });
  });
}
