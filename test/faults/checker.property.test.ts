import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWrite, toHistory } from '../../scripts/faults/check/history.ts';
import { type HistoryRecord, type Operation, parseRecord } from '../../scripts/faults/history.ts';
import { findBroken, toResult } from '../../scripts/faults/report/result.ts';
import { txid } from '../support/fault-history.ts';
import { type Step, simulate } from '../support/simulated-faults.ts';

const step: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom<Step['does'][]>(
    ...(['create', 'createCustom', 'update', 'delete', 'recreate', 'follow', 'follow'] as const),
    ...(['get', 'list', 'stats', 'failover', 'lossyFailover'] as const),
  ),
  outcome: fc.constantFrom('replicated', 'replicated', 'local', 'done', 'undone', 'refused'),
  pick: fc.nat({ max: 60 }),
});

const steps = fc.array(step, { minLength: 1, maxLength: 80 });

/** Whatever else happens, there is something of everything. */
const something: readonly Step[] = (
  [
    ...(['create', 'create', 'update', 'createCustom', 'follow', 'get', 'list', 'stats'] as const),
    ...(['failover', 'create', 'follow', 'get', 'list', 'follow', 'stats'] as const),
  ] as const
).map((does) => ({ does, outcome: 'replicated', pick: 0 }));

function brokenOf(records: readonly HistoryRecord[]): string[] {
  return findBroken(toResult(toHistory(records))).map(({ id }) => id);
}

function operations(records: readonly HistoryRecord[]): Operation[] {
  return records.filter((record): record is Operation => !('event' in record));
}

/** The same records, with the `pick`th operation that fits changed. */
function change(
  records: readonly HistoryRecord[],
  pick: number,
  fits: (operation: Operation) => boolean,
  to: (operation: Operation) => Operation,
): HistoryRecord[] {
  const fitting = operations(records).filter(fits);
  const chosen = fitting[pick % fitting.length];
  return records.map((record) => (record === chosen ? to(record as Operation) : record));
}

/** The same records, with one node's final read changed. */
function changeEnd(
  records: readonly HistoryRecord[],
  to: (final: Extract<HistoryRecord, { event: 'final' }>) => Partial<typeof final>,
): HistoryRecord[] {
  return records.map((record) =>
    'event' in record && record.event === 'final' && record.node === 'iad1'
      ? { ...record, ...to(record) }
      : record,
  );
}

const isAnswered = (operation: Operation) => isWrite(operation) && operation.type === 'ok';
const isRedirect = (operation: Operation) =>
  operation.op === 'follow' && typeof operation.value === 'string';

/** Ways to spoil any history, by the invariant that has to notice. */
const plants: readonly (readonly [
  id: string,
  plant: (records: readonly HistoryRecord[], pick: number) => HistoryRecord[],
])[] = [
  [
    'L1',
    (records) => {
      // The first link is never written to but replicated, in what happens at least.
      const slug = operations(records).find(({ op }) => op === 'create')?.key as string;
      return changeEnd(records, ({ links }) => ({
        links: { ...links, [slug]: 'https://x.test/' },
      }));
    },
  ],
  ['L2', (r, n) => change(r, n, isAnswered, ({ durability: _, ...rest }) => rest)],
  ['L3', (r, n) => change(r, n, isAnswered, ({ txid: _, ...rest }) => rest)],
  [
    'L5',
    (r) => {
      const last = operations(r).findLast(isAnswered);
      return change(
        r,
        0,
        (o) => o === last,
        (o) => ({ ...o, epoch: 0, txid: txid(1) }),
      );
    },
  ],
  ['L6', (r, n) => change(r, n, isAnswered, (o) => ({ ...o, node: 'iad1', replays: 0 }))],
  [
    'L7',
    (r, n) =>
      change(
        r,
        n,
        (o) => o.replays !== undefined,
        (o) => ({ ...o, replays: 2 }),
      ),
  ],
  ['L8', (r, n) => change(r, n, isRedirect, (o) => ({ ...o, value: 'https://x.test/' }))],
  [
    'L11',
    (records) => {
      const made = operations(records).find((o) => o.op === 'create' && isAnswered(o)) as Operation;
      const to = made.arg.destination as string;
      return changeEnd(records, ({ links }) => ({ links: { ...links, again1: to, again2: to } }));
    },
  ],
  [
    'L12',
    (records) => {
      const made = operations(records).find((o) => o.op === 'create' && isAnswered(o)) as Operation;
      const other = { ...made, arg: { destination: 'https://x.test/', idempotencyKey: 'other' } };
      return [...records, other];
    },
  ],
  ['L14', (records) => changeEnd(records, () => ({ contentHash: 'other' }))],
  [
    'K1',
    (records) => changeEnd(records, ({ clicks }) => ({ clicks: { ...clicks, total: 1_000 } })),
  ],
  [
    'K2',
    (records) =>
      changeEnd(records, ({ clicks }) => ({
        clicks: { ...clicks, bySlug: { ...clicks.bySlug, nobody: 1 } },
      })),
  ],
  [
    'K6',
    (records) =>
      changeEnd(records, ({ clicks }) => ({
        clicks: { ...clicks, bySlug: { ...clicks.bySlug, other: 1 } },
      })),
  ],
];

describe('the checker', () => {
  test('finds nothing wrong in histories of a fleet that keeps all promises', () => {
    fc.assert(
      fc.property(steps, (drawn) => {
        expect(brokenOf(simulate(drawn))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test.each(plants)('finds what breaks %s, wherever it is', (id, plant) => {
    fc.assert(
      fc.property(steps, fc.nat(), (drawn, pick) => {
        const spoilt = plant(simulate([...something, ...drawn]), pick);
        expect(brokenOf(spoilt)).toContain(id);
      }),
      { numRuns: 100 },
    );
  });

  test('reads what it judges as it was written', () => {
    const records = simulate(something);
    expect(records.map((record) => parseRecord(JSON.parse(JSON.stringify(record))))).toEqual(
      records,
    );
  });
});
