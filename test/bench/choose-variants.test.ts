import { expect, test } from 'vitest';
import { chooseVariants } from '../../scripts/bench/choose-variants.ts';
import { Misuse, parseBenchOptions } from '../../scripts/bench/options.ts';
import { variants } from '../../scripts/bench/variants.ts';

function choose(...args: string[]): string[] {
  return chooseVariants(variants, parseBenchOptions(args)).map(({ name }) => name);
}

test('names are told apart, and every baseline is a variant', () => {
  const names = variants.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { baseline } of variants) expect(names).toContain(baseline);
});

test('what everybody measures is there without a word, quick or not', () => {
  const usual = [
    'raw-http',
    'nginx-return',
    'nginx-map',
    'hoplite-hot',
    'hoplite-zipf-100k',
    'hoplite-uniform-100k',
    'hoplite-uniform-1m',
    'hoplite-sync-tick',
    'express-update',
  ];
  expect(choose()).toEqual(expect.arrayContaining(usual));
  expect(choose('--quick')).toEqual(choose());
  expect(choose('--full')).toEqual(variants.map(({ name }) => name));
});

test('one variant comes with its baseline, and with the baseline of that', () => {
  expect(choose('--only', 'hoplite-hot')).toEqual(['raw-http', 'hoplite-hot']);
  expect(choose('--only', 'hoplite-litefs')).toEqual(['raw-http', 'hoplite-hot', 'hoplite-litefs']);
  expect(choose('--only', 'raw-http-open', '--only', 'nginx-map')).toEqual([
    'raw-http',
    'nginx-map',
    'raw-http-open',
  ]);
});

test('five rounds are measured, fewer only when they are to be quick', () => {
  expect(parseBenchOptions([]).rounds).toBeGreaterThanOrEqual(5);
  expect(parseBenchOptions(['--quick'])).toMatchObject({ rounds: 3 });
  expect(parseBenchOptions(['--quick', '--rounds', '1', '--seconds', '0.1'])).toMatchObject({
    rounds: 1,
    durations: { closed: 0.1 },
  });
});

test.each([
  ['--rounds', '0'],
  ['--rounds', '1.5'],
  ['--seconds', 'two'],
  ['--only'],
  ['--unknown'],
  ['hoplite-hot'],
])('%s %s is refused', (...args) => {
  expect(() => parseBenchOptions(args)).toThrow(Misuse);
});

test('a variant that is none is refused with the names of all', () => {
  expect(() => choose('--only', 'hoplite-cold')).toThrow(/hoplite-cold .*hoplite-hot/);
});
