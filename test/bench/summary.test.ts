import { expect, test } from 'vitest';
import type { Counting } from '../../scripts/bench/contestant.ts';
import type { Measurement } from '../../scripts/bench/measurement.ts';
import { describeMiscounts, report } from '../../scripts/bench/report.ts';
import { summarize } from '../../scripts/bench/summary.ts';
import { compareCounts, Tally } from '../../scripts/bench/tally.ts';
import type { Variant } from '../../scripts/bench/variant.ts';
import { variants } from '../../scripts/bench/variants.ts';

const [raw, hot] = ['raw-http', 'hoplite-hot'].map((name) =>
  variants.find((variant) => variant.name === name),
) as [Variant, Variant];

function measurement(given: Partial<Measurement>): Measurement {
  return {
    perSecond: 100,
    p50Ms: 1,
    p99Ms: 2,
    cpuMicros: 10,
    mainCpuMicros: 9,
    loadBusy: 0.5,
    rssMb: 100,
    peakRssMb: 110,
    answered: 1_000,
    counted: 1_000,
    miscounted: 0,
    countSeconds: 1,
    allCpuMicros: 12,
    uncounted: 0,
    createdPerSecond: 0,
    ...given,
  };
}

function counts(...byLink: number[]): Counting {
  return { settle: async () => 0, countByLink: async () => Uint32Array.from(byLink) };
}

test('ratios are medians of those within a round, answers are sums', () => {
  const [ofRaw, ofHot] = summarize(
    new Map([
      [raw, [100, 1_000, 100].map((perSecond) => measurement({ perSecond, counted: 0 }))],
      [hot, [80, 900, 120].map((perSecond) => measurement({ perSecond, p99Ms: 3 }))],
    ]),
  );
  expect(ofRaw).toMatchObject({ variant: 'raw-http', ratio: 1, spread: { min: 1, max: 1 } });
  expect(ofHot).toMatchObject({
    variant: 'hoplite-hot',
    baseline: 'raw-http',
    ratio: 0.9,
    spread: { min: 0.8, max: 1.2 },
    p99Ratio: 1.5,
    perSecond: 120,
    answered: 3_000,
    counted: 3_000,
  });
});

test('counts are compared link by link: two wrong ones do not make up for each other', async () => {
  const tally = new Tally(3);
  tally.add(Uint32Array.of(1, 2, 3));
  tally.add(Uint32Array.of(1, 0, 0));
  expect(await compareCounts(tally, counts(2, 2, 3))).toEqual({
    answered: 7,
    counted: 7,
    miscounted: 0,
  });
  expect(await compareCounts(tally, counts(3, 1, 3))).toMatchObject({ counted: 7, miscounted: 2 });
  expect(await compareCounts(tally, counts(2, 2))).toMatchObject({ counted: 4, miscounted: 1 });
  expect(await compareCounts(tally, undefined)).toEqual({ answered: 7, counted: 0, miscounted: 0 });
});

test('a count that is not what was answered is said, and what is less than expected', () => {
  const summaries = summarize(
    new Map([
      [raw, [measurement({ counted: 0 })]],
      [hot, [measurement({ perSecond: 50, counted: 999, miscounted: 1 })]],
    ]),
  );
  expect(describeMiscounts(summaries)).toEqual([
    'hoplite-hot answered 1000 times and counted 999; 1 links are wrong.',
  ]);
  expect(report(summaries, [raw, hot])).toContain(
    'hoplite-hot: missed: a ratio of 0.50, at least 1.00 wanted.',
  );
});

test('a ratio that the load itself may limit is a lower bound', () => {
  const summaries = summarize(
    new Map([
      [raw, [measurement({})]],
      [hot, [measurement({ perSecond: 200, loadBusy: 0.99 })]],
    ]),
  );
  expect(report(summaries, [raw, hot])).toMatch(/^hoplite-hot +≥ 2\.00 /m);
});
