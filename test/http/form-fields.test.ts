import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFormFields, queryOf } from '../../src/http/form-fields.ts';

describe('form fields', () => {
  it('gives back what URLSearchParams wrote', () => {
    const fields = fc.dictionary(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(fields, (given) => {
        expect({ ...parseFormFields(String(new URLSearchParams(given))) }).toEqual({ ...given });
      }),
    );
  });

  it.each([
    ['', {}],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['a=b=c', { a: 'b=c' }],
    ['&a=1&&b=2&', { a: '1', b: '2' }],
    ['a=1+2%2B3', { a: '1 2+3' }],
    ['%61=%C3%A9', { a: 'é' }],
    ['=x', { '': 'x' }],
    ['__proto__=x', JSON.parse('{"__proto__":"x"}')],
  ])('parses %j', (text, fields) => {
    expect(Object.entries(parseFormFields(text))).toEqual(Object.entries(fields));
  });

  it.each([
    ['a=%', 'a', 'malformed'],
    ['a=%zz', 'a', 'malformed'],
    ['a=%E0%A4', 'a', 'malformed'],
    ['a=%ff', 'a', 'malformed'],
    ['a=%c0%af', 'a', 'malformed'],
    ['%zz=1', '%zz', 'malformed'],
    ['a=1&a=2', 'a', 'invalid'],
    ['a=1&%61=2', 'a', 'invalid'],
  ])('refuses %j, naming %s', (text, pointer, kind) => {
    expect(() => parseFormFields(text)).toThrow(
      expect.objectContaining({
        kind,
        details: { errors: [expect.objectContaining({ pointer })] },
      }),
    );
  });
});

describe('the query of a request target', () => {
  it.each([
    ['/', ''],
    ['/?', ''],
    ['/a?b=c?d', 'b=c?d'],
  ])('of %s is %j', (target, query) => {
    expect(queryOf(target)).toBe(query);
  });
});
