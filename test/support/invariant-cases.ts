import { describe, expect, test } from 'vitest';
import { toHistory } from '../../scripts/faults/check/history.ts';
import type { Invariant } from '../../scripts/faults/check/invariant.ts';
import { judge } from '../../scripts/faults/check/judge.ts';
import type { HistoryRecord } from '../../scripts/faults/history.ts';
import { run } from './fault-history.ts';

/** What an invariant has to say of histories; `run` is put in front of each. */
export interface InvariantCases {
  readonly invariant: Invariant;
  /** Histories that it is tested by and that do not break it, by what they are. */
  readonly holds: Readonly<Record<string, readonly HistoryRecord[]>>;
  /** Histories that break it, by what they are, with a part of what is told about it. */
  readonly breaks: Readonly<Record<string, readonly [why: string, ...records: HistoryRecord[]]>>;
}

/** The tests of an invariant: nothing tests nothing, what is right holds, each way to break it is found. */
export function testInvariant({ invariant, holds, breaks }: InvariantCases): void {
  describe(`${invariant.id}: ${invariant.sentence}`, () => {
    test('is not checked by an empty history', () => {
      expect(judge(invariant, toHistory([run]))).toMatchObject({
        holds: null,
        checked: 0,
        broken: [],
      });
    });

    test.each(Object.entries(holds))('holds: %s', (_, records) => {
      const verdict = judge(invariant, toHistory([run, ...records]));
      expect(verdict).toMatchObject({ holds: true, broken: [], offences: 0 });
      expect(verdict.checked).toBeGreaterThan(0);
    });

    test.each(Object.entries(breaks))('is broken by %s', (_, [why, ...records]) => {
      const verdict = judge(invariant, toHistory([run, ...records]));
      expect(verdict).toMatchObject({ holds: false, why: expect.stringContaining(why) });
      expect(verdict.broken.length).toBeGreaterThan(0);
    });
  });
}
