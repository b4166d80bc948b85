import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hasReached,
  isTxid,
  type Progress,
  parsePosition,
  type Txid,
} from '../../src/domain/position.ts';

const hex = (value: bigint) => value.toString(16).padStart(16, '0') as Txid;
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe('the position in a -pos file', () => {
  test('is a txid and a checksum, with or without the end of the line', () => {
    const position = { txid: '000000000000002a', checksum: 'f4f9d7b1c2b3a495' };
    expect(parsePosition('000000000000002a/f4f9d7b1c2b3a495')).toEqual(position);
    expect(parsePosition('000000000000002a/f4f9d7b1c2b3a495\n')).toEqual(position);
  });

  test('is read for every uint64', () => {
    fc.assert(
      fc.property(uint64, uint64, (txid, checksum) => {
        const position = { txid: hex(txid), checksum: hex(checksum) };
        expect(parsePosition(`${position.txid}/${position.checksum}\n`)).toEqual(position);
        expect(isTxid(position.txid)).toBe(true);
      }),
      { seed: 20_260_109 },
    );
  });

  test.each([
    '',
    '\n',
    '/',
    '000000000000002a',
    '000000000000002a/',
    '000000000000002a/f4f9d7b1c2b3a49',
    '000000000000002a/f4f9d7b1c2b3a4955',
    '000000000000002A/f4f9d7b1c2b3a495',
    '2a/f4f9d7b1c2b3a495',
    '000000000000002g/f4f9d7b1c2b3a495',
    ' 000000000000002a/f4f9d7b1c2b3a495',
    '000000000000002a/f4f9d7b1c2b3a495\n\n',
    '000000000000002a/f4f9d7b1c2b3a495\r\n',
    '\0'.repeat(33),
  ])('is not found in %j', (text) => {
    expect(parsePosition(text)).toBeUndefined();
  });

  test.each(['', '2a', '000000000000002A', '0x0000000000002a', '000000000000002a\n'])(
    '%j is no txid',
    (text) => {
      expect(isTxid(text)).toBe(false);
    },
  );
});

describe('progress', () => {
  const at = (epoch: number, txid: bigint): Progress => ({ epoch, txid: hex(txid) });

  test.each([
    [at(1, 5n), at(1, 5n), true],
    [at(1, 6n), at(1, 5n), true],
    [at(1, 4n), at(1, 5n), false],
    [at(2, 1n), at(1, 5n), true],
    [at(1, 9n), at(2, 5n), false],
    [at(1, 0x10n), at(1, 0xfn), true],
    [at(1, 2n ** 63n), at(1, 2n ** 63n - 1n), true],
    [at(1, 2n ** 53n), at(1, 2n ** 53n + 1n), false],
  ])('at %j has reached %j: %s', (own, other, reached) => {
    expect(hasReached(own, other)).toBe(reached);
  });

  test('is one line: of two nodes one has reached the other, and both only when they are equal', () => {
    const progress = fc.record({ epoch: fc.nat(3), txid: uint64.map(hex) });
    fc.assert(
      fc.property(progress, progress, progress, (a, b, c) => {
        expect(hasReached(a, b) || hasReached(b, a)).toBe(true);
        const equal = a.epoch === b.epoch && a.txid === b.txid;
        expect(hasReached(a, b) && hasReached(b, a)).toBe(equal);
        if (hasReached(a, b) && hasReached(b, c)) expect(hasReached(a, c)).toBe(true);
      }),
      { seed: 20_260_110 },
    );
  });
});
