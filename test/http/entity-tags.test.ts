import { describe, expect, it } from 'vitest';
import { hasVersion, parseIfMatch } from '../../src/http/entity-tags.ts';

describe('If-Match', () => {
  it.each<[header: string | undefined, versions: readonly string[] | undefined]>([
    [undefined, undefined],
    ['*', undefined],
    [' * ', undefined],
    ['"a"', ['a']],
    ['"a", "b"', ['a', 'b']],
    ['"a","b" ,  "c"', ['a', 'b', 'c']],
    ['"a",', ['a']],
    ['""', ['']],
    ['"a,b"', ['a,b']],
    ['W/"a"', []],
    ['W/"a", "b"', ['b']],
  ])('%s allows %j', (header, versions) => {
    expect(parseIfMatch(header)).toEqual(versions);
  });

  it.each(['', ',', 'a', '"a', '"a" "b"', '"a"b', "'a'", 'w/"a"', '*, "a"', '"a", *', '"a b"'])(
    'refuses %j',
    (header) => {
      expect(() => parseIfMatch(header)).toThrow(
        expect.objectContaining({
          kind: 'malformed',
          details: { errors: [expect.objectContaining({ pointer: 'If-Match' })] },
        }),
      );
    },
  );
});

describe('If-None-Match', () => {
  it.each<[header: string | undefined, expected: boolean]>([
    [undefined, false],
    ['*', true],
    ['"v"', true],
    ['W/"v"', true],
    ['"a", "v"', true],
    ['"a"', false],
  ])('%s: %s', (header, expected) => {
    expect(hasVersion(header, 'v')).toBe(expected);
  });
});
