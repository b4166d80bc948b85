import { expect, test } from 'vitest';
import { alignRows, shorten } from '../../src/cli/table.ts';

test('cells stand under each other, and nothing follows the last one', () => {
  expect(
    alignRows([
      ['id', 'name', ''],
      ['100', '', 'last'],
      ['2', 'long name'],
    ]),
  ).toEqual(['id   name', '100             last', '2    long name']);
  expect(alignRows([])).toEqual([]);
});

test('one long cell pushes aside what follows it in its own row alone', () => {
  const long = 'x'.repeat(61);
  expect(
    alignRows([
      [long, 'a'],
      ['y', 'b'],
    ]),
  ).toEqual([`${long}  a`, `y${' '.repeat(61)}b`]);
});

test('for a person a text is as long as a column is wide', () => {
  expect(shorten('x'.repeat(60))).toBe('x'.repeat(60));
  expect(shorten('x'.repeat(61))).toBe(`${'x'.repeat(59)}…`);
});
