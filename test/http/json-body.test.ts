import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/http/json-body.ts';

function errorsOf(text: string): unknown {
  try {
    parseJson(text);
  } catch (error) {
    return (error as { details: { errors: unknown } }).details.errors;
  }
  return 'accepted';
}

describe('JSON bodies', () => {
  it('gives back any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{"a":1,"a":2}', '/a'],
    ['{"a":{"b":1,"c":2,"b":3}}', '/a/b'],
    ['[1,[{"x":0}],{"a":1,"a":2}]', '/2/a'],
    ['{"a":[{"b":1},{"b":1,"b":2}]}', '/a/1/b'],
    ['{"a":1,"\\u0061":2}', '/a'],
    ['{"a/b~":1,"a/b~":2}', '/a~1b~0'],
    ['{"__proto__":1,"__proto__":2}', '/__proto__'],
    ['{"a":"}{,\\"a\\":1","a":2}', '/a'],
  ])('refuses %s, naming %s', (text, pointer) => {
    expect(errorsOf(text)).toMatchObject([{ pointer }]);
  });

  it.each([
    '{"a":{"b":1},"b":{"b":2}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","b":["a","a"]}',
    '"a"',
    '{}',
    '[]',
  ])('takes %s, where names only look repeated', (text) => {
    expect(errorsOf(text)).toBe('accepted');
  });

  it('says where the text stops being JSON', () => {
    expect(errorsOf('{"a":1,}')).toMatchObject([
      { pointer: '', detail: expect.stringContaining('7') },
    ]);
  });

  it.each(['', '{', '{"a":1', 'nul', '\uFEFF{}', '{}x', "{'a':1}", '{"a":01}', '"\u0000"'])(
    'refuses %j',
    (text) => {
      expect(errorsOf(text)).toMatchObject([{ pointer: '' }]);
    },
  );

  it('bears any depth', () => {
    const depth = 30_000;
    expect(errorsOf(`${'[{"a":'.repeat(depth)}0${'}]'.repeat(depth)}`)).toBe('accepted');
    expect(errorsOf('['.repeat(depth))).toMatchObject([{ pointer: '' }]);
  });
});
