import { describe, expect, test } from 'vitest';
import type { Progress, Txid } from '../../src/domain/position.ts';
import { parseMark, raiseMark, toProgress } from '../../src/guard/mark.ts';

const at = (epoch: number, txid: string): Progress => ({
  epoch,
  txid: txid.padStart(16, '0') as Txid,
});

describe('the mark', () => {
  test.for([
    { mark: undefined, own: at(1, '2'), raised: true },
    { mark: at(1, '2'), own: at(1, '3'), raised: true },
    { mark: at(1, 'ff'), own: at(2, '3'), raised: true },
    { mark: at(1, '2'), own: at(1, '2'), raised: false },
    { mark: at(1, '3'), own: at(1, '2'), raised: false },
    { mark: at(2, '3'), own: at(1, 'ff'), raised: false },
    { mark: at(1, '3'), own: undefined, raised: false },
    { mark: undefined, own: undefined, raised: false },
  ])('is only ever raised: $mark, at $own', ({ mark, own, raised }) => {
    const next = raiseMark(mark && { ...mark, node: 'ams2' }, own, 'ams1');
    expect(next).toEqual(raised ? { ...own, node: 'ams1' } : undefined);
  });

  test('is read as it was written', () => {
    const mark = { ...at(3, 'aa'), node: 'ams1' };
    expect(parseMark(JSON.stringify(mark))).toEqual(mark);
  });

  test.for(['', '{}', 'null', '[]', '{"epoch":3,"txid":"aa","node":"ams1"}', '{"epoch":"3"}'])(
    'that is none does not pass for the absence of one: %s',
    (text) => {
      expect(() => parseMark(text)).toThrow();
    },
  );

  test.for([
    [{ epoch: 3, txid: '00000000000000aa' }, at(3, 'aa')],
    [{ epoch: 0, txid: '0000000000000000' }, at(0, '0')],
    [{ epoch: -1, txid: '00000000000000aa' }, undefined],
    [{ epoch: 1.5, txid: '00000000000000aa' }, undefined],
    [{ epoch: 3, txid: '00000000000000AA' }, undefined],
    [{ epoch: 3 }, undefined],
    [undefined, undefined],
    ['3', undefined],
  ] as const)('a progress is parsed: %j', ([value, progress]) => {
    expect(toProgress(value)).toEqual(progress);
  });
});
