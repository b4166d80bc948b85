import { describe, expect, test } from 'vitest';
import type { Progress, Txid } from '../../src/domain/position.ts';
import { type AcquireFacts, judgeAcquire, noMarkWaitMs } from '../../src/guard/acquire-gate.ts';

const at = (epoch: number, txid: number): Progress => ({
  epoch,
  txid: txid.toString(16).padStart(16, '0') as Txid,
});
const markAt = (epoch: number, txid: number) => ({ ...at(epoch, txid), node: 'ams1' });

/** A candidate in its place, level with the mark, that has just asked for the first time. */
const facts: AcquireFacts = {
  candidate: true,
  mayLead: true,
  place: 1,
  own: at(3, 100),
  mark: markAt(3, 100),
  rivals: [],
  refusedForMs: 0,
  graceMs: 60_000,
};

interface Case {
  readonly name: string;
  readonly facts: Partial<AcquireFacts>;
  readonly verdict: string;
}

const cases: readonly Case[] = [
  { name: 'level with the mark', facts: {}, verdict: 'caught-up' },
  {
    name: 'that joined as a replica only',
    facts: { mayLead: false, refusedForMs: 99_999 },
    verdict: 'not: replica-only',
  },
  { name: 'past the mark', facts: { own: at(3, 101) }, verdict: 'caught-up' },
  { name: 'in a later epoch', facts: { own: at(4, 7) }, verdict: 'caught-up' },
  { name: 'one transaction behind', facts: { own: at(3, 99) }, verdict: 'not: behind' },
  {
    name: 'of an earlier epoch with a higher txid',
    facts: { own: at(2, 500) },
    verdict: 'not: behind',
  },
  {
    name: 'level, whatever others have',
    facts: { rivals: [at(3, 200)], refusedForMs: 99_999 },
    verdict: 'caught-up',
  },
  {
    name: 'behind, shortly before the grace time is over',
    facts: { own: at(3, 99), refusedForMs: 59_999 },
    verdict: 'not: behind',
  },
  {
    name: 'behind, alone, after the grace time',
    facts: { own: at(3, 99), refusedForMs: 60_000 },
    verdict: 'grace',
  },
  {
    name: 'behind, after the grace time, beside one that is further behind',
    facts: { own: at(3, 99), rivals: [at(3, 98)], refusedForMs: 60_000 },
    verdict: 'grace',
  },
  {
    name: 'behind, after the grace time, beside one just as far',
    facts: { own: at(3, 99), rivals: [at(3, 99)], refusedForMs: 60_000 },
    verdict: 'grace',
  },
  {
    name: 'behind, after the grace time, beside a better one',
    facts: { own: at(3, 98), rivals: [at(3, 99)], refusedForMs: 60_000 },
    verdict: 'not: better-candidate',
  },
  {
    name: 'whose grace time is nothing',
    facts: { own: at(3, 99), graceMs: 0 },
    verdict: 'grace',
  },
  { name: 'unknown', facts: { own: 'unknown' }, verdict: 'not: unknown' },
  {
    name: 'unknown, whatever the time',
    facts: { own: 'unknown', refusedForMs: 9_999_999 },
    verdict: 'not: unknown',
  },
  { name: 'empty, where a fleet was', facts: { own: 'empty' }, verdict: 'not: empty' },
  {
    name: 'empty, where a fleet was, whatever the time',
    facts: { own: 'empty', refusedForMs: 9_999_999 },
    verdict: 'not: empty',
  },
  { name: 'that is no candidate', facts: { candidate: false }, verdict: 'not: no-candidate' },
  {
    name: 'that is no candidate, whatever the time',
    facts: { candidate: false, own: at(3, 99), refusedForMs: 9_999_999 },
    verdict: 'not: no-candidate',
  },
  { name: 'without a place', facts: { place: undefined }, verdict: 'not: no-place' },
  {
    name: 'without a place, whatever the time',
    facts: { place: undefined, refusedForMs: 9_999_999 },
    verdict: 'not: no-place',
  },

  {
    name: 'empty, where there is no mark',
    facts: { own: 'empty', mark: undefined },
    verdict: 'first-boot',
  },
  {
    name: 'empty, where there is no mark and another one has data',
    facts: { own: 'empty', mark: undefined, rivals: [at(1, 1)], refusedForMs: 9_999_999 },
    verdict: 'not: better-candidate',
  },
  {
    name: 'with data, where there is no mark yet',
    facts: { mark: undefined, refusedForMs: noMarkWaitMs - 1 },
    verdict: 'not: no-mark-yet',
  },
  {
    name: 'with data, where there is still no mark',
    facts: { mark: undefined, refusedForMs: noMarkWaitMs },
    verdict: 'no-mark',
  },
  {
    name: 'with data, where there is still no mark, beside a better one',
    facts: { mark: undefined, rivals: [at(3, 101)], refusedForMs: noMarkWaitMs },
    verdict: 'not: better-candidate',
  },
  {
    name: 'unknown, where there is no mark',
    facts: { own: 'unknown', mark: undefined, refusedForMs: 59_999 },
    verdict: 'not: unknown',
  },
  {
    name: 'unknown, where nobody knows of anything, after the grace time',
    facts: { own: 'unknown', mark: undefined, refusedForMs: 60_000 },
    verdict: 'grace',
  },
  {
    name: 'unknown, where there is no mark, beside one that knows',
    facts: { own: 'unknown', mark: undefined, rivals: [at(1, 1)], refusedForMs: 60_000 },
    verdict: 'not: unknown',
  },
];

describe('whether a node may take the lease', () => {
  test.for(cases)('$name: $verdict', ({ facts: given, verdict }) => {
    const { may, why } = judgeAcquire({ ...facts, ...given });
    expect(may ? why : `not: ${why}`).toBe(verdict);
  });
});
