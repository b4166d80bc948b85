import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decideRead, judgeStanding } from '../../src/cluster/bookmark-standing.ts';
import type { OwnHistory } from '../../src/cluster/own-history.ts';
import type { Bookmark, Standing } from '../../src/domain/bookmark.ts';
import { positionAt } from '../support/fake-mount.ts';

/** A copy with the epochs of `tags`, the last of which is its newest. */
function copyAt(txid: number, ...tags: readonly (readonly [number, string])[]): OwnHistory {
  return { epoch: tags.at(-1)?.[0] ?? 0, txid: positionAt(txid).txid, tags: new Map(tags) };
}

function bookmarkAt(epoch: number, epochTag: string, txid: number): Bookmark {
  return { epoch, epochTag, txid: positionAt(txid).txid };
}

describe('where a copy stands to a bookmark', () => {
  const cases: readonly (readonly [string, OwnHistory | undefined, Bookmark, Standing])[] = [
    ['the same txid', copyAt(9, [2, 'a']), bookmarkAt(2, 'a', 9), 'reached'],
    ['a later txid', copyAt(10, [2, 'a']), bookmarkAt(2, 'a', 9), 'reached'],
    ['an earlier txid', copyAt(8, [2, 'a']), bookmarkAt(2, 'a', 9), 'behind'],
    [
      'a later epoch, with a lower txid',
      copyAt(3, [2, 'a'], [3, 'b']),
      bookmarkAt(2, 'a', 9),
      'reached',
    ],
    ['an earlier epoch, with a higher txid', copyAt(99, [1, 'x']), bookmarkAt(2, 'a', 9), 'behind'],
    ['an epoch of another tag', copyAt(99, [2, 'b']), bookmarkAt(2, 'a', 9), 'astray'],
    [
      'one of another tag, which is not the last',
      copyAt(99, [2, 'b'], [3, 'c']),
      bookmarkAt(2, 'a', 9),
      'astray',
    ],
    ['an epoch long ago', copyAt(3, [40, 'a']), bookmarkAt(2, 'a', 9), 'reached'],
    ['nothing that can be told', undefined, bookmarkAt(2, 'a', 9), 'unknown'],
  ];

  it.each(cases)('%s', (_, own, bookmark, standing) => {
    expect(judgeStanding(own, bookmark)).toBe(standing);
  });

  it('is never reached in another history, however far that goes', () => {
    const number = fc.nat({ max: 5 });
    fc.assert(
      fc.property(number, number, number, number, (newest, epoch, ownTxid, txid) => {
        const tags = Array.from({ length: newest + 1 }, (__, at) => [at, `lost ${at}`] as const);
        const own = copyAt(ownTxid, ...tags);
        expect(judgeStanding(own, bookmarkAt(epoch, 'kept', txid))).not.toBe('reached');
      }),
    );
  });
});

test.each([
  [true, 'reached', true, 'serve'],
  [true, 'behind', true, 'serve'],
  [true, 'behind', false, 'serve'],
  [true, 'astray', true, 'serve'],
  [false, 'reached', true, 'serve'],
  [false, 'reached', false, 'serve'],
  [false, 'behind', true, 'wait'],
  [false, 'behind', false, 'replay'],
  [true, 'unknown', true, 'serve'],
  [false, 'unknown', true, 'wait'],
  [false, 'unknown', false, 'replay'],
  [false, 'astray', true, 'replay'],
  [false, 'astray', false, 'replay'],
] as const)(
  'a read: primary %s, %s, may wait %s → %s',
  (isPrimary, standing, mayWait, decision) => {
    expect(decideRead({ isPrimary, standing, mayWait })).toBe(decision);
  },
);
