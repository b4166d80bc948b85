import { describe, expect, test } from 'vitest';
import { findOtherCandidate, isLeaseSure, parseGuardView } from '../../src/cluster/guard-view.ts';
import { guardAnswer } from '../support/fake-guard.ts';

const place = (node: string, number = 1) => ({
  node,
  litefsUrl: `http://${node}.test:20202/`,
  place: number,
});

describe('what the guard says', () => {
  test('is told in the time of whoever asked, counted from the question', () => {
    const view = parseGuardView(guardAnswer(), 10_000);
    expect(view).toMatchObject({
      node: 'me',
      askedAtMs: 10_000,
      isCandidate: true,
      lease: { holder: 'me', isOurs: true, renewedAtMs: 8800 },
      consulAnsweredAtMs: 9700,
      mark: { epoch: 3, txid: '00000000000000aa', node: 'me' },
    });
  });

  test('may be that nothing is known', () => {
    const view = parseGuardView(
      guardAnswer({
        place: null,
        candidate: false,
        lease: { holder: null, isOurs: false, renewedMsAgo: null },
        consul: { answeredMsAgo: null },
        candidates: [],
        mark: null,
      }),
      5,
    );
    expect(view.lease).toEqual({ holder: undefined, isOurs: false, renewedAtMs: undefined });
    expect(view).toMatchObject({ mark: undefined, consulAnsweredAtMs: undefined, candidates: [] });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no lease', { ...guardAnswer(), lease: undefined }],
    ['an age of tomorrow', guardAnswer({ consul: { answeredMsAgo: -1 } })],
    ['a place without an address', guardAnswer({ candidates: [{ node: 'a', place: 1 }] })],
    ['a mark that is none', guardAnswer({ mark: { epoch: 1, txid: 'aa', node: 'a' } })],
  ])('cannot be %s', (_, answer) => {
    expect(() => parseGuardView(answer, 0)).toThrow();
  });
});

describe('the other candidate', () => {
  test.each<[string, readonly object[], string | undefined]>([
    ['is the one that is not this node', [place('me'), place('b', 2)], 'b'],
    ['is so in any order', [place('b'), place('me', 2)], 'b'],
    ['is nobody where this node is alone', [place('me')], undefined],
    ['is nobody where no place is held', [], undefined],
    ['is nobody where this node holds no place', [place('b'), place('c', 2)], undefined],
    ['is nobody where only another one holds a place', [place('b')], undefined],
    ['is nobody where there are three', [place('me'), place('b', 2), place('c', 3)], undefined],
  ])('%s', (_, candidates, node) => {
    expect(findOtherCandidate(parseGuardView(guardAnswer({ candidates }), 0))?.node).toBe(node);
  });

  test('has an address without a slash at its end', () => {
    const view = parseGuardView(guardAnswer({ candidates: [place('me'), place('b', 2)] }), 0);
    expect(findOtherCandidate(view)?.litefsUrl).toBe('http://b.test:20202');
  });
});

describe('the lease', () => {
  test.each<[string, object, boolean]>([
    ['is sure just after a renewal', { renewedMsAgo: 0 }, true],
    ['is sure 8,999 ms after it', { renewedMsAgo: 8999 }, true],
    ['is not sure 9 s after it', { renewedMsAgo: 9000 }, false],
    ['is not sure when it is not ours', { isOurs: false, holder: 'other' }, false],
    ['is not sure when it was never renewed', { renewedMsAgo: null }, false],
  ])('%s', (_, lease, isSure) => {
    const answer = guardAnswer({
      lease: { holder: 'me', isOurs: true, renewedMsAgo: 0, ...lease },
    });
    expect(isLeaseSure(parseGuardView(answer, 50_000), 50_000)).toBe(isSure);
  });
});
