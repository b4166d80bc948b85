import { expect, test } from 'vitest';
import { toEpochTag } from '../../src/domain/epoch-tag.ts';

const row = { epoch: 5, node: 'ams1', startedAt: 1_700_000_000_000 };

test('an epoch has the same tag on every node', () => {
  // Nodes of different releases compare them, so they never change.
  expect(toEpochTag(row)).toBe('075c0770');
});

test.each([
  ['number', { epoch: 6 }],
  ['node', { node: 'ams2' }],
  ['beginning', { startedAt: row.startedAt + 1 }],
])('another %s gives another tag', (_, other) => {
  expect(toEpochTag({ ...row, ...other })).not.toBe(toEpochTag(row));
});
