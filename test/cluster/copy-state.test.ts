import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createAskCopy, isNotBehind, isSameCopy } from '../../src/cluster/copy-state.ts';
import { copyAt } from '../support/copy-at.ts';
import { positionAt } from '../support/fake-mount.ts';

const none = { links: undefined, clicks: undefined };

describe('two copies', () => {
  it.each([
    ['at the same transactions', copyAt(5, 7), copyAt(5, 7), true],
    ['with other links', copyAt(5, 7), copyAt(6, 7), false],
    ['with other clicks', copyAt(5, 7), copyAt(5, 8), false],
    [
      'without clicks yet',
      { ...copyAt(5), clicks: undefined },
      { ...copyAt(5), clicks: undefined },
      true,
    ],
    ['of which one has no clicks', copyAt(5), { ...copyAt(5), clicks: undefined }, false],
    ['of which nothing is known', none, none, false],
    [
      'of two histories',
      copyAt(5),
      { ...copyAt(5), links: { ...positionAt(5), checksum: 'f'.repeat(16) } },
      false,
    ],
  ])('%s are the same: %4$s', (_, a, b, isSame) => {
    expect(isSameCopy(a, b)).toBe(isSame);
  });

  it.each([
    ['where the primary is', copyAt(5, 7), copyAt(5, 7), true],
    ['past where it was', copyAt(6, 8), copyAt(5, 7), true],
    ['behind in links', copyAt(4, 8), copyAt(5, 7), false],
    ['behind in clicks', copyAt(6, 6), copyAt(5, 7), false],
    ['of which nothing is known', none, copyAt(5, 7), false],
  ])('one %s is near: %4$s', (_, copy, primary, isNear) => {
    expect(isNotBehind(copy, primary)).toBe(isNear);
  });
});

describe('asking a node how far it is', () => {
  const ask = (answer: { status: number; body: string } | undefined | Error) =>
    createAskCopy({
      peers: {
        send: async (node, request) => {
          expect([node, request]).toEqual(['b', { method: 'GET', path: '/copy' }]);
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
      log: pino({ level: 'silent' }),
    })('b', AbortSignal.timeout(1000));

  it('gives what it says', async () => {
    expect(await ask({ status: 200, body: JSON.stringify(copyAt(5, 7, 'a')) })).toEqual(
      copyAt(5, 7, 'a'),
    );
    const empty = '{"links":null,"clicks":null,"follows":null}';
    expect(await ask({ status: 200, body: empty })).toEqual({ ...none, follows: undefined });
  });

  it.each([
    ['an error', { status: 503, body: '{}' }],
    ['nonsense', { status: 200, body: '<html>' }],
    ['something else', { status: 200, body: '{"links":"5"}' }],
    ['nothing, since it is not known where it is', undefined],
    ['nothing, since the connection breaks', new Error('broken')],
  ])('gives nothing when the answer is %s', async (_, answer) => {
    expect(await ask(answer)).toBeUndefined();
  });
});
