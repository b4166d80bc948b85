import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allLinksId, toHour } from '../../src/domain/click.ts';
import type { ClickCursor } from '../../src/domain/click-cursor.ts';
import { mergeClicks } from '../../src/domain/merge-clicks.ts';
import type { MergeOutcome, ShippedBatch } from '../../src/domain/writer.ts';
import { MemoryClickStore } from '../support/memory-click-store.ts';
import {
  type BatchOfTicks,
  sealBatch,
  someProducer,
  someTimeMs,
  withVersion,
} from '../support/sealed-batch.ts';

const dayMs = 86_400_000;
const hour = toHour(someTimeMs);
const limits = { nowMs: someTimeMs, datedForMs: 90 * dayMs };

/** Merges in a transaction of its own. */
function merge(
  store: MemoryClickStore,
  batches: readonly (Uint8Array | ShippedBatch)[],
  options?: { maxRows: number },
): readonly MergeOutcome[] {
  store.begin();
  const shipped = batches.map((batch) => ('bytes' in batch ? batch : { bytes: batch }));
  const outcomes = mergeClicks(store, { batches: shipped, ...limits }, options);
  store.commit();
  return outcomes;
}

function words(outcomes: readonly MergeOutcome[]): string[] {
  return outcomes.map(({ is }) => is);
}

function cursorOf(store: MemoryClickStore): ClickCursor {
  return store.findCursor(someProducer) as ClickCursor;
}

/** A batch of one click of each of these links, a tick each. */
function ticksOf(linkIds: readonly number[], batch: Partial<BatchOfTicks> = {}): Uint8Array {
  return sealBatch({ ...batch, ticks: linkIds.map((linkId) => ({ clicks: [{ linkId }] })) });
}

function countsOf(store: MemoryClickStore, linkId: number): number {
  return store.totals.get(linkId)?.clicks ?? 0;
}

function rowOf(store: MemoryClickStore, dimension: string, linkId: number, value: string) {
  const { clicks, bots, visitors } = store.rollups.get(
    `${dimension} ${hour} ${linkId} ${value}`,
  ) ?? { clicks: 0, bots: 0, visitors: 0 };
  return [clicks, bots, visitors];
}

describe('a batch that comes next', () => {
  it('is counted, and moves the cursor', () => {
    const store = new MemoryClickStore();
    expect(words(merge(store, [ticksOf([7, 8])]))).toEqual(['merged']);
    expect(cursorOf(store)).toMatchObject({
      seq: 1,
      merged: 2,
      isComplete: true,
      clicks: 2,
      lost: 0,
    });
    expect(words(merge(store, [ticksOf([7], { seq: 2, clicksBefore: 2 })]))).toEqual(['merged']);
    expect(cursorOf(store)).toMatchObject({ seq: 2, merged: 1, clicks: 3 });
    expect([countsOf(store, 7), countsOf(store, 8), countsOf(store, allLinksId)]).toEqual([
      2, 1, 3,
    ]);
  });

  it('is counted by every dimension, for its link and for all links', () => {
    const store = new MemoryClickStore();
    const person = {
      country: 'NL',
      referrer: 'news.example',
      browser: 'Firefox',
      os: 'Android',
      device: 'mobile',
    } as const;
    const clicks = [
      { linkId: 7, details: person, isNewVisitor: true },
      { linkId: 7, details: person },
      { linkId: 8, details: { ...person, isBot: true, country: null }, isNewVisitor: true },
    ];
    merge(store, [sealBatch({ region: 'fra', ticks: [{ clicks }] })]);
    expect(rowOf(store, 'all', 7, '')).toEqual([2, 0, 1]);
    expect(rowOf(store, 'all', allLinksId, '')).toEqual([2, 1, 1]);
    for (const [dimension, value] of [
      ['region', 'fra'],
      ['country', 'NL'],
      ['referrer', 'news.example'],
      ['browser', 'Firefox'],
      ['os', 'Android'],
      ['device', 'mobile'],
    ] as const) {
      expect(rowOf(store, dimension, 7, value)).toEqual([2, 0, 1]);
    }
    // A bot is counted apart and is nobody's first visit; what is not known is a value too.
    expect(rowOf(store, 'country', 8, '')).toEqual([0, 1, 0]);
    expect(rowOf(store, 'country', allLinksId, 'NL')).toEqual([2, 0, 1]);
    expect(store.totals.get(8)).toEqual({ clicks: 0, bots: 1, visitors: 0, undated: 0 });
  });

  it('counts a tick in the hour of the tick', () => {
    const store = new MemoryClickStore();
    const clicks = [{ linkId: 7 }];
    const ticks = [-1, 0, 3_600_000].map((ms) => ({ timeMs: someTimeMs + ms, clicks }));
    merge(store, [sealBatch({ ticks })]);
    const hours = [...store.rollups.values()].filter(
      ({ dimension, linkId }) => dimension === 'all' && linkId === 7,
    );
    expect(hours.map((row) => row.hour - hour)).toEqual([-1, 0, 1]);
  });

  it.each([
    ['within the time that clicks are dated for', -90 * dayMs, false],
    ['before it', -90 * dayMs - 1, true],
    ['48 hours ahead', 2 * dayMs, false],
    ['further ahead', 2 * dayMs + 1, true],
  ])('%s: undated %s', (_, offsetMs, isUndated) => {
    const store = new MemoryClickStore();
    const clicks = [{ linkId: 7 }, { linkId: 7, details: { isBot: true } }];
    merge(store, [sealBatch({ ticks: [{ timeMs: someTimeMs + offsetMs, clicks }] })]);
    const total = { clicks: 1, bots: 1, visitors: 0, undated: isUndated ? 2 : 0 };
    expect(store.totals.get(7)).toEqual(total);
    expect(store.totals.get(allLinksId)).toEqual(total);
    expect(store.rollups.size === 0).toBe(isUndated);
  });

  it('counts hits on unknown slugs, and keeps some of the slugs', () => {
    const store = new MemoryClickStore();
    const orphans = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'];
    merge(store, [sealBatch({ ticks: [{ orphans }, { orphans: ['a1'] }] })]);
    expect(store.orphans).toEqual(new Map([[`1 ${hour}`, 7]]));
    expect([...store.orphanSlugs]).toEqual([
      ['1 a1', 2],
      ['1 a2', 1],
      ['1 a3', 1],
      ['1 a4', 1],
    ]);
    expect(cursorOf(store)).toMatchObject({ seq: 1, merged: 0, isComplete: true, clicks: 0 });
  });

  it('counts unknown slugs of a clock that nobody can believe in the present hour', () => {
    const store = new MemoryClickStore();
    merge(store, [sealBatch({ ticks: [{ timeMs: 0, orphans: ['a1'] }] })]);
    expect(store.orphans).toEqual(new Map([[`1 ${hour}`, 1]]));
  });

  it.each([0, Date.UTC(2150)])(
    'gives no date to a click of a clock that everybody shares and nobody can ask for (%d)',
    (nowMs) => {
      const store = new MemoryClickStore();
      store.begin();
      const bytes = sealBatch({ ticks: [{ timeMs: nowMs, clicks: [{ linkId: 7 }] }] });
      mergeClicks(store, { batches: [{ bytes }], nowMs, datedForMs: dayMs });
      store.commit();
      expect(store.totals.get(7)).toMatchObject({ clicks: 1, undated: 1 });
      expect(store.rollups.size).toBe(0);
    },
  );

  it('adds up before it touches the store', () => {
    const store = new MemoryClickStore();
    const clicks = Array.from({ length: 200 }, () => ({ linkId: 7 }));
    const ticks = [{ clicks }, { clicks }];
    merge(store, [sealBatch({ ticks }), sealBatch({ seq: 2, clicksBefore: 400, ticks })]);
    expect(store.rowsTouched).toBe(16);
    expect(countsOf(store, 7)).toBe(800);
  });
});

describe('a batch that came before', () => {
  it('is merged already, whether it is the newest or an older one', () => {
    const store = new MemoryClickStore();
    const [one, two] = [ticksOf([7]), ticksOf([8], { seq: 2, clicksBefore: 1 })];
    merge(store, [one, two]);
    expect(words(merge(store, [one, two, two, one]))).toEqual(Array(4).fill('merged'));
    expect(store.totals.get(allLinksId)?.clicks).toBe(2);
    expect(cursorOf(store).seq).toBe(2);
  });

  it('conflicts when another one was counted under its number', () => {
    const store = new MemoryClickStore();
    merge(store, [ticksOf([7]), ticksOf([8], { seq: 2, clicksBefore: 1 })]);
    const conflict = { is: 'conflict', producer: someProducer, expected: 3, clicks: 2 };
    expect(merge(store, [ticksOf([9], { seq: 2, clicksBefore: 1 })])).toEqual([conflict]);
    expect(merge(store, [ticksOf([9])])).toEqual([conflict]);
    expect(countsOf(store, 9)).toBe(0);
  });

  it('is merged when it is so old that nobody knows its hash', () => {
    const store = new MemoryClickStore();
    for (let seq = 1; seq <= 102; seq += 1)
      merge(store, [ticksOf([7], { seq, clicksBefore: seq - 1 })]);
    expect(words(merge(store, [ticksOf([9], { seq: 2, clicksBefore: 1 })]))).toEqual(['merged']);
    expect(words(merge(store, [ticksOf([9], { seq: 3, clicksBefore: 2 })]))).toEqual(['conflict']);
    expect(countsOf(store, 9)).toBe(0);
  });
});

describe('a batch that comes too early', () => {
  it('is refused with the one that is expected', () => {
    const store = new MemoryClickStore();
    const third = ticksOf([9], { seq: 3, clicksBefore: 2 });
    expect(merge(store, [third])).toEqual([
      { is: 'gap', producer: someProducer, expected: 1, clicks: 0 },
    ]);
    merge(store, [ticksOf([7])]);
    expect(merge(store, [third])).toEqual([
      { is: 'gap', producer: someProducer, expected: 2, clicks: 1 },
    ]);
    expect(cursorOf(store).seq).toBe(1);
    expect(countsOf(store, 9)).toBe(0);
  });

  it('is counted when what is missing is declared lost, with how many clicks that are', () => {
    const store = new MemoryClickStore();
    merge(store, [ticksOf([7])]);
    const bytes = ticksOf([9], { seq: 5, clicksBefore: 21 });
    for (const lostFrom of [1, 3, 4]) {
      expect(words(merge(store, [{ bytes, lostFrom }]))).toEqual(['gap']);
    }
    expect(words(merge(store, [{ bytes, lostFrom: 2 }]))).toEqual(['merged']);
    expect(cursorOf(store)).toMatchObject({ seq: 5, clicks: 22, lost: 20 });
  });

  it('is counted when it comes after it was declared lost, as from another copy of the volume', () => {
    const store = new MemoryClickStore();
    merge(store, [{ bytes: ticksOf([9], { seq: 3, clicksBefore: 2 }), lostFrom: 1 }]);
    expect(cursorOf(store)).toMatchObject({ seq: 3, clicks: 3, lost: 2 });
    const late = ticksOf([8], { seq: 2, clicksBefore: 1 });
    expect(words(merge(store, [late, late]))).toEqual(['merged', 'merged']);
    expect(countsOf(store, 8)).toBe(1);
    expect(cursorOf(store)).toMatchObject({ seq: 3, clicks: 3, lost: 1 });
    expect(words(merge(store, [ticksOf([7], { seq: 2, clicksBefore: 1 })]))).toEqual(['conflict']);
  });

  it('is absent to a trial, and not counted by it, while nothing is counted under its number', () => {
    const store = new MemoryClickStore();
    merge(store, [{ bytes: ticksOf([9], { seq: 3, clicksBefore: 2 }), lostFrom: 1 }]);
    const late = ticksOf([8], { seq: 2, clicksBefore: 1 });
    expect(merge(store, [{ bytes: late, isTrial: true }])).toEqual([
      { is: 'absent', producer: someProducer, expected: 4, clicks: 3 },
    ]);
    expect(countsOf(store, 8)).toBe(0);
    expect(cursorOf(store)).toMatchObject({ seq: 3, clicks: 3, lost: 2 });
    merge(store, [late]);
    expect(words(merge(store, [{ bytes: late, isTrial: true }]))).toEqual(['merged']);
    const next = ticksOf([7], { seq: 4, clicksBefore: 3 });
    expect(words(merge(store, [{ bytes: next, isTrial: true }]))).toEqual(['absent']);
    expect(countsOf(store, 7)).toBe(0);
  });

  it('lets no declared loss be made up for by a producer that counts less than is counted here', () => {
    const store = new MemoryClickStore();
    merge(store, [{ bytes: ticksOf([7], { seq: 2, clicksBefore: 5 }), lostFrom: 1 }]);
    expect(cursorOf(store)).toMatchObject({ clicks: 6, lost: 5 });
    merge(store, [ticksOf([8], { seq: 3, clicksBefore: 2 })]);
    expect(cursorOf(store)).toMatchObject({ clicks: 3, lost: 5 });
  });
});

describe('a large batch', () => {
  const links = Array.from({ length: 50 }, (_, index) => index + 1);
  // Each tick adds 8 rows, and 8 for all links together.
  const maxRows = 8 + 10 * 8;

  it('is counted in parts, none of which touches more rows than fit', () => {
    const store = new MemoryClickStore();
    const batch = ticksOf(links);
    const seen: number[] = [];
    for (;;) {
      const [outcome] = merge(store, [batch], { maxRows });
      expect(store.rowsTouched).toBeLessThanOrEqual(maxRows);
      seen.push(cursorOf(store).merged);
      if (outcome?.is === 'merged') break;
      expect(outcome).toEqual({ is: 'partial', cursor: cursorOf(store) });
      expect(cursorOf(store).isComplete).toBe(false);
    }
    expect(seen).toEqual([10, 20, 30, 40, 50]);
    expect(links.map((linkId) => countsOf(store, linkId))).toEqual(links.map(() => 1));
  });

  it('ends a transaction, and the batches behind it wait for the next', () => {
    const store = new MemoryClickStore();
    const small = ticksOf([7], { producer: 'f'.repeat(32) as never });
    expect(words(merge(store, [small, ticksOf(links), small], { maxRows }))).toEqual([
      'merged',
      'partial',
    ]);
    const full = ticksOf(links.slice(0, 10), { producer: 'e'.repeat(32) as never });
    expect(words(merge(store, [full, ticksOf(links)], { maxRows }))).toEqual(['merged']);
  });

  it('is counted even when a single tick touches more rows than fit', () => {
    const store = new MemoryClickStore();
    const clicks = links.map((linkId) => ({ linkId }));
    const batch = sealBatch({ ticks: [{ clicks }, { clicks }] });
    expect(words(merge(store, [batch], { maxRows: 5 }))).toEqual(['partial']);
    expect(words(merge(store, [batch], { maxRows: 5 }))).toEqual(['merged']);
    expect(countsOf(store, 7)).toBe(2);
  });

  it('conflicts when another one goes on where it was left', () => {
    const store = new MemoryClickStore();
    merge(store, [ticksOf(links)], { maxRows });
    expect(words(merge(store, [ticksOf([99, ...links])]))).toEqual(['conflict']);
    expect(words(merge(store, [ticksOf(links.slice(0, 5))]))).toEqual(['conflict']);
    expect(words(merge(store, [ticksOf([1], { seq: 2, clicksBefore: 50 })]))).toEqual(['gap']);
  });

  it('whose rest is lost is left with a declaration of the next', () => {
    const store = new MemoryClickStore();
    merge(store, [ticksOf(links)], { maxRows });
    const bytes = ticksOf([99], { seq: 2, clicksBefore: 50 });
    expect(words(merge(store, [{ bytes, lostFrom: 1 }]))).toEqual(['merged']);
    expect(cursorOf(store)).toMatchObject({ seq: 2, clicks: 51, lost: 40 });
    // Should it come after all, only that rest is counted.
    while (words(merge(store, [ticksOf(links)], { maxRows }))[0] === 'partial');
    expect(links.map((linkId) => countsOf(store, linkId))).toEqual(links.map(() => 1));
    expect(words(merge(store, [ticksOf([99, ...links])]))).toEqual(['conflict']);
  });

  it('fits with its referrers into the default limit, as every frame does', () => {
    const store = new MemoryClickStore();
    const clicks = Array.from({ length: 1_000 }, (_, index) => ({
      linkId: index + 1,
      details: { referrer: `${index}.example`, country: `${index}`, browser: `${index}` },
    }));
    const batch = sealBatch({ ticks: [{ clicks }] });
    while (merge(store, [batch])[0]?.is === 'partial') {
      expect(store.rowsTouched).toBeLessThanOrEqual(5_000);
      expect(store.rowsTouched).toBeGreaterThan(1_500);
    }
    expect(countsOf(store, allLinksId)).toBe(1_000);
  });
});

describe('two versions of a batch', () => {
  const [short, long] = [ticksOf([1, 2], { isRecovered: true }), ticksOf([1, 2, 3, 4])];

  it('are counted once when the shorter one comes first', () => {
    const store = new MemoryClickStore();
    merge(store, [short]);
    expect(words(merge(store, [long]))).toEqual(['merged']);
    expect([1, 2, 3, 4].map((linkId) => countsOf(store, linkId))).toEqual([1, 1, 1, 1]);
    expect(cursorOf(store)).toMatchObject({ seq: 1, merged: 4, clicks: 4, lost: 0 });
  });

  it('conflict when the longer one comes first', () => {
    const store = new MemoryClickStore();
    merge(store, [long]);
    expect(words(merge(store, [short]))).toEqual(['conflict']);
    expect(countsOf(store, 1)).toBe(1);
  });

  it('conflict when no frame is in the one that is counted, since that is the beginning of any', () => {
    const store = new MemoryClickStore();
    const empty = ticksOf([], { isRecovered: true });
    merge(store, [empty]);
    expect(words(merge(store, [empty, long]))).toEqual(['merged', 'conflict']);
    merge(store, [ticksOf([5], { seq: 2 })]);
    expect(words(merge(store, [empty, long]))).toEqual(['merged', 'conflict']);
    expect(countsOf(store, 1)).toBe(0);
  });

  it('leave no loss when the longer one has what the shorter one knew to be missing', () => {
    const store = new MemoryClickStore();
    const ticks = [{ clicks: [{ linkId: 1 }] }];
    merge(store, [sealBatch({ isRecovered: true, ticks, missingAtEnd: 3 })]);
    expect(cursorOf(store)).toMatchObject({ clicks: 4, lost: 3 });
    expect(words(merge(store, [ticksOf([1, 2, 3, 4])]))).toEqual(['merged']);
    expect(cursorOf(store)).toMatchObject({ clicks: 4, lost: 0 });
  });

  it('are counted once when others were counted in between', () => {
    const store = new MemoryClickStore();
    merge(store, [short, ticksOf([5], { seq: 2, clicksBefore: 2 })]);
    const cursor = cursorOf(store);
    const maxRows = 16;
    expect(words(merge(store, [long], { maxRows }))).toEqual(['partial']);
    expect(words(merge(store, [long, long], { maxRows }))).toEqual(['merged', 'merged']);
    expect([1, 2, 3, 4, 5].map((linkId) => countsOf(store, linkId))).toEqual([1, 1, 1, 1, 1]);
    expect(cursorOf(store)).toEqual(cursor);
    expect(words(merge(store, [short]))).toEqual(['conflict']);
  });

  it('differ in length by what the producer counts after them, which is then known to be lost', () => {
    const store = new MemoryClickStore();
    merge(store, [short]);
    merge(store, [ticksOf([5], { seq: 2, clicksBefore: 4 })]);
    expect(cursorOf(store)).toMatchObject({ clicks: 5, lost: 2 });
  });
});

describe('a batch with damage', () => {
  it('counts what can be read, and tells how much is lost', () => {
    const store = new MemoryClickStore();
    const ticks = [
      { clicks: [{ linkId: 1 }] },
      { clicks: [{ linkId: 2 }], missingBefore: 3 },
      { clicks: [{ linkId: 3 }] },
    ];
    const batch = sealBatch({ isRecovered: true, ticks, missingAtEnd: 2 });
    const lost: number[] = [];
    do lost.push(cursorOf(store)?.lost ?? 0);
    while (merge(store, [batch], { maxRows: 8 })[0]?.is === 'partial');
    expect([...lost, cursorOf(store).lost]).toEqual([0, 0, 3, 5]);
    expect(cursorOf(store)).toMatchObject({ merged: 6, clicks: 8 });
    expect(countsOf(store, allLinksId)).toBe(3);
  });

  it('of which nothing is left only moves the cursor', () => {
    const store = new MemoryClickStore();
    expect(words(merge(store, [sealBatch({ ticks: [], missingAtEnd: 4 })]))).toEqual(['merged']);
    expect(cursorOf(store)).toMatchObject({ seq: 1, merged: 0, clicks: 4, lost: 4 });
  });

  it.each([
    ['no batch at all', () => Buffer.from('hello, this is no batch')],
    ['a byte that changed', () => change(ticksOf([1]), (bytes) => bytes.fill(1, 60, 61))],
    ['a version that nobody knows', () => withVersion(ticksOf([1]), 9)],
  ])('is invalid: %s', (_, make) => {
    const store = new MemoryClickStore();
    const [first, second] = merge(store, [make(), ticksOf([1])]);
    expect(first?.is).toBe('invalid');
    expect(second?.is).toBe('merged');
    expect(countsOf(store, 1)).toBe(1);
  });

  it('names a version that nobody knows', () => {
    const [outcome] = merge(new MemoryClickStore(), [withVersion(ticksOf([1]), 9)]);
    expect(outcome).toMatchObject({ detail: expect.stringContaining('version 9') });
  });
});

describe('batches of one call', () => {
  it('behind one that was refused are held back, those of other producers are not', () => {
    const store = new MemoryClickStore();
    const other = 'f'.repeat(32) as never;
    merge(store, [ticksOf([1])]);
    const outcomes = merge(store, [
      ticksOf([9]),
      // Is expected, but follows one that is not counted.
      ticksOf([10], { seq: 2, clicksBefore: 1 }),
      ticksOf([11], { producer: other }),
    ]);
    expect(words(outcomes)).toEqual(['conflict', 'gap', 'merged']);
    expect([countsOf(store, 10), countsOf(store, 11)]).toEqual([0, 1]);
  });
});

describe('referrers', () => {
  function referrersOf(store: MemoryClickStore, linkId: number): number[] {
    const rows = [...store.rollups.values()].filter(
      (row) => row.dimension === 'referrer' && row.linkId === linkId,
    );
    const other = rows.find(({ value }) => value === '(other)')?.clicks ?? 0;
    return [rows.length, other, rows.reduce((sum, { clicks }) => sum + clicks, 0)];
  }

  it('past 50 of a link in an hour, or 500 of all links, count together', () => {
    const store = new MemoryClickStore();
    const clicksOf = (from: number) =>
      Array.from({ length: 600 }, (_, index) => ({
        linkId: 1 + (index % 2),
        details: { referrer: `${from + Math.floor(index / 2)}.example` },
      }));
    const batches = [0, 300, 0].map((from, index) =>
      sealBatch({
        seq: index + 1,
        clicksBefore: index * 600,
        ticks: [{ clicks: clicksOf(from) }],
      }),
    );
    for (const batch of batches) while (merge(store, [batch])[0]?.is === 'partial');
    // 50 of them three times in two batches, everything else under the other.
    expect(referrersOf(store, 1)).toEqual([51, 800, 900]);
    expect(referrersOf(store, allLinksId)).toEqual([501, 200, 1_800]);
  });

  it('that are not known are no part of the bound', () => {
    const store = new MemoryClickStore();
    const clicks = Array.from({ length: 60 }, (_, index) => ({
      linkId: 1,
      details: { referrer: `${index}.example` },
    }));
    merge(store, [sealBatch({ ticks: [{ clicks: [...clicks, { linkId: 1 }] }] })]);
    expect(rowOf(store, 'referrer', 1, '')).toEqual([1, 0, 0]);
  });
});

it('counts each click once, in whatever order, parts and repetitions batches come', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 5 }), { maxLength: 6 }),
      fc.array(fc.array(fc.nat(5), { maxLength: 4 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 60 }),
      (contents, calls, maxRows) => {
        const store = new MemoryClickStore();
        let clicksBefore = 0;
        const batches = contents.map((ticks, index) => {
          const batch = sealBatch({
            seq: index + 1,
            clicksBefore,
            ticks: ticks.map((count) => ({
              clicks: Array.from({ length: count }, (_, at) => ({ linkId: at + 1 })),
            })),
          });
          clicksBefore += ticks.reduce((sum, count) => sum + count, 0);
          return batch;
        });
        const all = calls.map((call) => call.flatMap((index) => batches[index] ?? []));
        for (const call of all) merge(store, call, { maxRows });
        // Then in order, as often as it takes.
        for (const batch of batches) {
          while (words(merge(store, [batch], { maxRows }))[0] === 'partial');
        }
        expect(countsOf(store, allLinksId)).toBe(clicksBefore);
        expect(store.findCursor(someProducer)?.seq ?? 0).toBe(batches.length);
        expect(store.findCursor(someProducer)?.lost ?? 0).toBe(0);
        const dated = [...store.rollups.values()].filter(({ dimension }) => dimension === 'all');
        for (const { linkId, clicks } of dated) expect(clicks).toBe(countsOf(store, linkId));
      },
    ),
  );
});

function change(bytes: Uint8Array, by: (bytes: Buffer) => void): Uint8Array {
  const changed = Buffer.from(bytes);
  by(changed);
  return changed;
}
