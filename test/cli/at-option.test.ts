import { expect, test } from 'vitest';
import { parseMoment } from '../../src/cli/backup/at-option.ts';

test.each([
  ['2026-11-30T02:38:20Z', '2026-11-30T02:38:20.999Z'],
  ['2026-11-30T02:38Z', '2026-11-30T02:38:00.999Z'],
  ['2026-11-30T02:38:20+01:00', '2026-11-30T01:38:20.999Z'],
  ['2026-11-30T02:38:20.5Z', '2026-11-30T02:38:20.500Z'],
  ['2026-11-30T02:38:20.000Z', '2026-11-30T02:38:20.000Z'],
  ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.999Z'],
])('%s goes up to %s', (text, moment) => {
  expect(parseMoment(text)?.toISOString()).toBe(moment);
});

test.each([
  'yesterday',
  '2026-11-30',
  '2026-11-30T02:38:20',
  '2027-02-31T00:00:00Z',
  '2027-02-29T12:00:00+02:00',
  '2027-13-01T00:00:00Z',
  '2027-01-01T25:00:00Z',
])('%s is no time', (text) => {
  expect(parseMoment(text)).toBeUndefined();
});
