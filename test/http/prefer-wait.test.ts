import { expect, test } from 'vitest';
import { parsePreferredWait } from '../../src/http/prefer-wait.ts';

test.each([
  ['wait=5', 5],
  ['wait=0', 0],
  ['Wait="3"', 3],
  ['respond-async, wait=2', 2],
  ['return=minimal; foo="some", wait = 2 ; x=y', 2],
  ['wait=1, wait=9', 1],
  ['wait=11', 10],
  ['wait=999999999', 10],
  [undefined, undefined],
  ['', undefined],
  ['wait', undefined],
  ['wait=', undefined],
  ['wait=-1', undefined],
  ['wait=1.5', undefined],
  ['wait=5s', undefined],
  ['await=5', undefined],
  ['foo; wait=5', undefined],
  ['wait=1234567890', undefined],
])('Prefer: %j asks for %s seconds', (header, seconds) => {
  expect(parsePreferredWait(header)).toBe(seconds);
});
